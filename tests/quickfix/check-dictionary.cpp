// Loads a dictionary with QuickFIX (C++), and reads messages by it.
//
//   check-dictionary DICTIONARY MESSAGES...
//
// A file of messages has one body a line, from `35=` on, with `|` for the delimiter; lines that start with `#` are
// remarks. Standard header and trailer are put around each body. A message passes when QuickFIX finds it valid, and when
// what it has read holds exactly the fields of the body, each group with as many entries as its count says.

#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>

#include <quickfix/DataDictionary.h>
#include <quickfix/Message.h>

namespace {

const char SOH = '\001';

using Pairs = std::map<std::string, int>;  // "tag=value" to the number of times

// A frame around `body`, whose first field is 35.
std::string frame(const std::string& body) {
    const std::string::size_type end = body.find(SOH);
    std::ostringstream content;
    content << body.substr(0, end + 1) << "49=KalshiXX" << SOH << "56=client" << SOH << "34=2" << SOH
            << "52=20260821-12:00:00.000" << SOH << body.substr(end + 1);
    std::ostringstream out;
    out << "8=FIXT.1.1" << SOH << "9=" << content.str().size() << SOH << content.str();
    unsigned sum = 0;
    for (unsigned char byte : out.str()) sum += byte;
    char trailer[16];
    std::snprintf(trailer, sizeof trailer, "10=%03u%c", sum % 256, SOH);
    return out.str() + trailer;
}

Pairs fields_of(const std::string& body) {
    Pairs pairs;
    std::istringstream fields(body);
    for (std::string field; std::getline(fields, field, SOH);) ++pairs[field];
    return pairs;
}

// Prints the fields and groups of `map`, and takes each from `left`.
void walk(const FIX::FieldMap& map, const FIX::DataDictionary& dictionary, int depth, Pairs& left) {
    for (auto field = map.begin(); field != map.end(); ++field) {
        const int tag = field->getTag();
        std::string name = "?", meaning;
        dictionary.getFieldName(tag, name);
        dictionary.getValueName(tag, field->getString(), meaning);
        std::printf("%*s%-5d %s = %s%s%s\n", depth * 4 + 4, "", tag, name.c_str(), field->getString().c_str(),
                    meaning.empty() ? "" : "  ", meaning.c_str());
        const auto pair = left.find(std::to_string(tag) + "=" + field->getString());
        if (pair == left.end()) throw std::runtime_error("field " + std::to_string(tag) + " appeared from nowhere");
        if (--pair->second == 0) left.erase(pair);
        if (!map.hasGroup(tag)) continue;
        const int entries = static_cast<int>(map.groupCount(tag));
        if (entries != std::stoi(field->getString()))
            throw std::runtime_error(name + " has " + std::to_string(entries) + " entries");
        for (int entry = 1; entry <= entries; ++entry) {
            std::printf("%*s- entry %d\n", depth * 4 + 6, "", entry);
            walk(map.getGroupRef(entry, tag), dictionary, depth + 1, left);
        }
    }
}

void check(const std::string& body, const FIX::DataDictionary& dictionary) {
    const FIX::Message message(frame(body), dictionary, dictionary, true);
    std::string name;
    const std::string type = message.getHeader().getField(FIX::FIELD::MsgType);
    dictionary.getValueName(FIX::FIELD::MsgType, type, name);
    std::printf("  %s (%s)\n", name.c_str(), type.c_str());
    Pairs left = fields_of(body);
    left.erase("35=" + type);
    walk(message, dictionary, 0, left);
    for (const auto& pair : left) throw std::runtime_error(pair.first + " is not in the message as read");
    dictionary.validate(message);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::cerr << "usage: check-dictionary DICTIONARY MESSAGES...\n";
        return 2;
    }
    int messages = 0, failed = 0;
    try {
        const FIX::DataDictionary dictionary(argv[1]);
        std::printf("%s: %s\n", argv[1], dictionary.getVersion().c_str());
        for (int file = 2; file < argc; ++file) {
            std::ifstream lines(argv[file]);
            if (!lines) throw std::runtime_error(std::string(argv[file]) + " cannot be read");
            for (std::string line; std::getline(lines, line);) {
                if (line.empty() || line[0] == '#') continue;
                std::string body = line + SOH;
                for (char& byte : body)
                    if (byte == '|') byte = SOH;
                ++messages;
                try {
                    check(body, dictionary);
                } catch (const std::exception& error) {
                    ++failed;
                    std::printf("  FAILED: %s\n    %s\n", error.what(), line.c_str());
                }
            }
        }
    } catch (const std::exception& error) {
        std::printf("%s: %s\n", argv[1], error.what());
        return 1;
    }
    std::printf("%s: %d messages read, %d failed\n\n", argv[1], messages, failed);
    return failed == 0 && messages > 0 ? 0 : 1;
}
