// A client made with QuickFIX (C++) that does what a script tells it, and expects what the script says.
//
//   trade CONFIGURATION NAME... <SCRIPT
//
// Takes the sessions of these names from a configuration of QuickFIX's usual form. Beside QuickFIX's own settings a session
// has a `Name`, the `PrivateKey` (a PEM file) that its logons are signed with, and may have a `SaltLength` other than the
// digest's, which makes a signature that is wrong. A line of the script is one of
//
//   connect NAME...     the session is logged on before anything else is done
//   send NAME BODY      sends a message: MsgType (35) first, `|` between fields
//   expect NAME FIELDS  the next message on the session has these fields, among others
//   exchange COMMAND    writes a line to the file of that name in the configuration's `Exchange`
//   kill                ends this process by SIGKILL, when what it has received is in its store
//
// or empty, or a remark (`#`). In `expect`, `tag=*` is any value, `!tag` no such field, and `tag=@name` a value to be known
// by that name from then on; `@name` stands for it in later lines. Nothing is skipped: each business message, Reject (3) and
// Logout (5) has to be expected, in its order. What comes before the first `connect` or `expect` happens without a
// connection. At the script's end the sessions log out, and nothing may have come that was not expected.
//
// It fails, too, when QuickFIX refuses anything that the other side has sent, or loses a connection.

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <deque>
#include <iostream>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <quickfix/Application.h>
#include <quickfix/DataDictionary.h>
#include <quickfix/FileLog.h>
#include <quickfix/FileStore.h>
#include <quickfix/Message.h>
#include <quickfix/Session.h>
#include <quickfix/SessionSettings.h>
#include <quickfix/SocketInitiator.h>

namespace {

const char SOH = '\001';
const std::chrono::seconds PATIENCE(60);

using Strings = std::vector<std::string>;

Strings split(const std::string& text, char by) {
    Strings parts;
    std::istringstream in(text);
    for (std::string part; std::getline(in, part, by);) parts.push_back(part);
    return parts;
}

// The same text with `|` for the delimiter, without a signature.
std::string shown(const std::string& message) {
    std::string text;
    for (const std::string& field : split(message, SOH)) text += (field.compare(0, 3, "96=") ? field : "96=...") + "|";
    return text;
}

// RSASSA-PSS over SHA-256, with MGF1 over SHA-256, in Base64.
class Signer {
public:
    Signer(const std::string& path, int salt_length) : salt_length_(salt_length) {
        std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "r"), std::fclose);
        if (!file) throw std::runtime_error(path + " cannot be read");
        key_.reset(PEM_read_PrivateKey(file.get(), nullptr, nullptr, nullptr));
        if (!key_) throw std::runtime_error(path + " holds no private key");
    }

    std::string sign(const std::string& text) const {
        std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
        EVP_PKEY_CTX* padding = nullptr;
        std::size_t length = 0;
        const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
        require(EVP_DigestSignInit(context.get(), &padding, EVP_sha256(), nullptr, key_.get()));
        require(EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING));
        require(EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, salt_length_));
        require(EVP_PKEY_CTX_set_rsa_mgf1_md(padding, EVP_sha256()));
        require(EVP_DigestSign(context.get(), nullptr, &length, bytes, text.size()));
        std::vector<unsigned char> signature(length);
        require(EVP_DigestSign(context.get(), signature.data(), &length, bytes, text.size()));
        std::vector<unsigned char> base64(4 * ((length + 2) / 3) + 1);
        const int size = EVP_EncodeBlock(base64.data(), signature.data(), static_cast<int>(length));
        return std::string(base64.begin(), base64.begin() + size);
    }

private:
    static void require(int result) {
        if (result <= 0) throw std::runtime_error("libcrypto cannot sign");
    }

    struct Free {
        void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    };
    std::unique_ptr<EVP_PKEY, Free> key_;
    int salt_length_;
};

// One session, as the script and QuickFIX's callbacks share it.
struct Line {
    std::string name;
    FIX::SessionID id;
    std::unique_ptr<Signer> signer;
    std::unique_ptr<FIX::DataDictionary> dictionary;
    std::deque<std::string> received;
    int last = 0;
    bool logged_on = false;
};

class Client : public FIX::Application {
public:
    Client(const FIX::SessionSettings& settings, const std::set<std::string>& names) {
        for (const FIX::SessionID& id : settings.getSessions()) {
            const FIX::Dictionary& own = settings.get(id);
            const std::string name = own.getString("Name");
            if (!names.count(name)) continue;
            const int salt = own.has("SaltLength") ? own.getInt("SaltLength") : RSA_PSS_SALTLEN_DIGEST;
            Line& line = lines_[name];
            line.name = name;
            line.id = id;
            line.signer.reset(new Signer(own.getString("PrivateKey"), salt));
            line.dictionary.reset(new FIX::DataDictionary(own.getString("AppDataDictionary")));
        }
        for (const std::string& name : names)
            if (!lines_.count(name)) throw std::runtime_error("no session is named " + name);
    }

    // What the script does.

    void connect(const std::string& name) {
        wait("the logon of " + name, [this, &name] { return line(name).logged_on || !line(name).received.empty(); });
        {
            std::lock_guard<std::mutex> lock(mutex_);
            if (!line(name).logged_on) throw std::runtime_error(name + " is refused: " + shown(line(name).received.front()));
        }
        std::cout << "  " << name << " is logged on" << std::endl;
    }

    void send(const std::string& name, const std::string& body) {
        FIX::SessionID id;
        std::string frame;
        const FIX::DataDictionary* dictionary;
        {
            std::lock_guard<std::mutex> lock(mutex_);
            id = line(name).id;
            dictionary = line(name).dictionary.get();
            std::string content;
            for (const std::string& field : split(body, '|')) content += known(field) + SOH;
            frame = std::string("8=FIXT.1.1") + SOH + "9=" + std::to_string(content.size()) + SOH + content + "10=000" + SOH;
        }
        FIX::Message message;
        message.setString(frame, false, dictionary, dictionary);
        // Without a connection it is kept, and sent when it is asked for.
        if (!FIX::Session::sendToTarget(message, id)) throw std::runtime_error(name + " cannot send " + body);
        std::cout << "  " << name << " > " << body << std::endl;
    }

    void expect(const std::string& name, const std::string& fields) {
        const std::string wanted = name + " < " + fields;
        wait(wanted, [this, &name] { return !line(name).received.empty(); });
        std::lock_guard<std::mutex> lock(mutex_);
        const std::string message = line(name).received.front();
        line(name).received.pop_front();
        const Strings found = split(message, SOH);
        for (const std::string& field : split(fields, '|'))
            if (!has(found, field))
                throw std::runtime_error("expected " + wanted + "\n  but " + field + " is not in " + shown(message));
        std::cout << "  " << wanted << std::endl;
    }

    // Everything that was received is in the stores, so that none of it will come again.
    void settle() {
        std::lock_guard<std::mutex> lock(mutex_);
        for (const auto& entry : lines_) {
            const Line& line = entry.second;
            const auto until = std::chrono::steady_clock::now() + PATIENCE;
            while (FIX::Session::lookupSession(line.id)->getExpectedTargetNum() <= line.last) {
                if (std::chrono::steady_clock::now() > until) throw std::runtime_error(line.name + " does not store its number");
                FIX::process_sleep(0.001);
            }
        }
    }

    void finish() {
        std::lock_guard<std::mutex> lock(mutex_);
        if (!failure_.empty()) throw std::runtime_error(failure_);
        for (const auto& entry : lines_)
            for (const std::string& message : entry.second.received)
                throw std::runtime_error("nobody expects on " + entry.first + ": " + shown(message));
    }

    // What QuickFIX calls.

    void onCreate(const FIX::SessionID&) override {}

    void onLogon(const FIX::SessionID& id) override {
        std::lock_guard<std::mutex> lock(mutex_);
        line(id).logged_on = true;
        changed_.notify_all();
    }

    void onLogout(const FIX::SessionID& id) override {
        std::lock_guard<std::mutex> lock(mutex_);
        if (line(id).logged_on) fail(line(id).name + " has lost its connection");
        line(id).logged_on = false;
    }

    void toAdmin(FIX::Message& message, const FIX::SessionID& id) override {
        std::lock_guard<std::mutex> lock(mutex_);
        const std::string type = message.getHeader().getField(FIX::FIELD::MsgType);
        if (type == FIX::MsgType_Logon) {
            // The header is complete: what is signed is what goes out.
            std::string text;
            for (const int tag : {FIX::FIELD::SendingTime, FIX::FIELD::MsgType, FIX::FIELD::MsgSeqNum,
                                  FIX::FIELD::SenderCompID, FIX::FIELD::TargetCompID})
                text += (text.empty() ? "" : std::string(1, SOH)) + message.getHeader().getField(tag);
            message.setField(FIX::FIELD::RawData, line(id).signer->sign(text));
        } else if (type == FIX::MsgType_ResendRequest || type == FIX::MsgType_SequenceReset) {
            std::cout << "  " << line(id).name << " > " << shown(message.toString()) << std::endl;
        } else if (type == FIX::MsgType_Reject || (type == FIX::MsgType_Logout && message.isSetField(FIX::FIELD::Text))) {
            // A Logout without a reason is the script's end, or the answer to the other side's.
            fail("QuickFIX refuses what came on " + line(id).name + ": " + shown(message.toString()));
        }
    }

    void toApp(FIX::Message& message, const FIX::SessionID& id) throw(FIX::DoNotSend) override {
        std::lock_guard<std::mutex> lock(mutex_);
        const FIX::Header& header = message.getHeader();
        if (header.getField(FIX::FIELD::MsgType) == FIX::MsgType_BusinessMessageReject)
            fail("QuickFIX refuses what came on " + line(id).name + ": " + shown(message.toString()));
        else if (header.isSetField(FIX::FIELD::PossDupFlag))
            std::cout << "  " << line(id).name << " > " << shown(message.toString()) << std::endl;
    }

    void fromAdmin(const FIX::Message& message, const FIX::SessionID& id)
        throw(FIX::FieldNotFound, FIX::IncorrectDataFormat, FIX::IncorrectTagValue, FIX::RejectLogon) override {
        const std::string type = message.getHeader().getField(FIX::FIELD::MsgType);
        const std::string text = message.toString();
        std::lock_guard<std::mutex> lock(mutex_);
        const bool waits = type == FIX::MsgType_Logout && text.find("58=already exists") != std::string::npos;
        if (waits && !line(id).logged_on) {
            // The connection of a process that was killed is not known to be gone yet: QuickFIX tries again.
            std::cout << "  " << line(id).name << " is not let in yet" << std::endl;
        } else if (type == FIX::MsgType_Reject || type == FIX::MsgType_Logout) {
            take(line(id), message, text);
        }
    }

    void fromApp(const FIX::Message& message, const FIX::SessionID& id)
        throw(FIX::FieldNotFound, FIX::IncorrectDataFormat, FIX::IncorrectTagValue, FIX::UnsupportedMessageType) override {
        const int due = FIX::Session::lookupSession(id)->getExpectedTargetNum();
        std::lock_guard<std::mutex> lock(mutex_);
        const std::string text = message.toString();
        if (std::stoi(message.getHeader().getField(FIX::FIELD::MsgSeqNum)) != due)
            fail("number " + std::to_string(due) + " is due on " + line(id).name + ", and not " + shown(text));
        take(line(id), message, text);
    }

private:
    void take(Line& line, const FIX::Message& message, const std::string& text) {
        line.last = std::max(line.last, std::stoi(message.getHeader().getField(FIX::FIELD::MsgSeqNum)));
        line.received.push_back(text);
        changed_.notify_all();
    }

    template <typename Condition>
    void wait(const std::string& what, Condition condition) {
        std::unique_lock<std::mutex> lock(mutex_);
        const bool happened = changed_.wait_for(lock, PATIENCE, [&] { return !failure_.empty() || condition(); });
        if (!failure_.empty()) throw std::runtime_error(failure_);
        if (!happened) throw std::runtime_error("waited in vain for " + what);
    }

    bool has(const Strings& found, const std::string& field) {
        if (field[0] == '!')
            return std::none_of(found.begin(), found.end(),
                                [&](const std::string& each) { return each.compare(0, field.size(), field.substr(1) + "=") == 0; });
        const std::string::size_type value = field.find('=') + 1;
        for (const std::string& each : found) {
            if (each.compare(0, value, field, 0, value) != 0) continue;
            if (field.compare(value, std::string::npos, "*") == 0) return true;
            if (field[value] == '@' && !values_.count(field.substr(value))) values_[field.substr(value)] = each.substr(value);
            if (each == known(field)) return true;
        }
        return false;
    }

    // The field with the value that a name stands for.
    std::string known(const std::string& field) const {
        const std::string::size_type value = field.find('=') + 1;
        if (field[value] != '@') return field;
        const auto found = values_.find(field.substr(value));
        if (found == values_.end()) throw std::runtime_error("nothing is known as " + field.substr(value));
        return field.substr(0, value) + found->second;
    }

    void fail(const std::string& why) {
        if (failure_.empty()) failure_ = why;
        changed_.notify_all();
    }

    Line& line(const std::string& name) {
        const auto found = lines_.find(name);
        if (found == lines_.end()) throw std::runtime_error("the script was not given a session " + name);
        return found->second;
    }

    Line& line(const FIX::SessionID& id) {
        for (auto& entry : lines_)
            if (entry.second.id == id) return entry.second;
        throw std::runtime_error("an unknown session");
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, Line> lines_;
    std::map<std::string, std::string> values_;
    std::string failure_;
};

void follow(Client& client, FIX::Initiator& initiator, const std::string& exchange) {
    bool started = false;
    for (std::string line; std::getline(std::cin, line);) {
        if (line.empty() || line[0] == '#') {
            std::cout << line << std::endl;
            continue;
        }
        std::istringstream words(line);
        std::string step, name, rest;
        words >> step;
        if (!started && step != "send") {
            initiator.start();
            started = true;
        }
        if (step == "connect") {
            while (words >> name) client.connect(name);
        } else if (step == "exchange" && std::getline(words >> std::ws, rest)) {
            std::ofstream(exchange) << rest << std::endl;
            std::cout << "  the exchange: " << rest << std::endl;
        } else if (step == "kill") {
            client.settle();
            std::cout << "  killed" << std::endl;
            std::raise(SIGKILL);
        } else if ((step == "send" || step == "expect") && words >> name && std::getline(words >> std::ws, rest)) {
            if (step == "send") client.send(name, rest);
            else client.expect(name, rest);
        } else {
            throw std::runtime_error("not a step: " + line);
        }
    }
    client.finish();
    initiator.stop();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::cerr << "usage: trade CONFIGURATION NAME... <SCRIPT\n";
        return 2;
    }
    try {
        const std::set<std::string> names(argv + 2, argv + argc);
        const FIX::SessionSettings all((std::string(argv[1])));
        FIX::SessionSettings chosen;
        chosen.set(all.get());
        for (const FIX::SessionID& id : all.getSessions())
            if (names.count(all.get(id).getString("Name"))) chosen.set(id, all.get(id));
        Client client(chosen, names);
        FIX::FileStoreFactory stores(chosen);
        FIX::FileLogFactory logs(chosen);
        FIX::SocketInitiator initiator(client, stores, chosen, logs);
        try {
            follow(client, initiator, all.get().getString("Exchange"));
        } catch (const std::exception& error) {
            std::cout << "FAILED: " << error.what() << std::endl;
            // Its threads may wait for anything by now.
            std::_Exit(1);
        }
    } catch (const std::exception& error) {
        std::cout << "FAILED: " << error.what() << std::endl;
        return 1;
    }
    return 0;
}
