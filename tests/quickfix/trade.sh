#!/usr/bin/env bash
# Shows that another engine can trade on the simulated exchange: QuickFIX (C++), with the dictionaries of spec/ for its own,
# over the ports without TLS, which it does not speak. On both products it logs on with a signature over the SendingTime that
# goes out, trades on every kind of session that there is, and resumes where messages are sent again: its process is killed,
# the other side trades, and the reports that it has missed come again. The exchange itself is killed and started again, too.
#
# Prints each step (tests/quickfix/trade.cpp says what they mean), and fails at the first that does not come true.
#
# Needs a C++ compiler, QuickFIX and libcrypto with their headers: see tests/quickfix/install.
set -euo pipefail
exec </dev/null
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

tests/quickfix/install

exchange=
scratch=$(mktemp -d)
# The exchange reads what is to happen from here; that this shell has it open, too, keeps it from ending.
mkfifo "$scratch/commands"
exec 3<>"$scratch/commands"
trap '[[ -z $exchange ]] || kill_exchange; rm -rf "$scratch"' EXIT

# QuickFIX's headers use exception specifications, which C++17 has removed.
c++ -std=c++14 -Wall -Wno-deprecated -o "$scratch/trade" tests/quickfix/trade.cpp -lquickfix -lcrypto -pthread
cargo build --locked --quiet --package kalshi-fix --features cli --bin kalshi-fix
program="${CARGO_TARGET_DIR:-target}/debug/kalshi-fix"

# Starts the exchange, and writes QuickFIX's configuration for all its sessions: PRODUCT-KIND-MEMBER are their names.
open_exchange() {
    local waited=0
    rm -f "$scratch/exchange/exchange.json"
    "$program" gateway "$scratch/exchange" --members 2 --deposit 1000000 --plaintext --keep-sessions --commands \
        --market "$prediction" --market "$settled" --market "$scalar" --margin-market "$margin" \
        <"$scratch/commands" >"$scratch/exchange.log" 2>&1 &
    exchange=$!
    until [[ -s $scratch/exchange/exchange.json ]]; do
        kill -0 "$exchange" 2>/dev/null && ((waited++ < 600)) || fail "the exchange does not start: $(<"$scratch/exchange.log")"
        sleep 0.1
    done
    configuration >"$scratch/trade.cfg"
}

# tell COMMAND...: has something happen on the exchange, and waits until it has.
tell() {
    local waited=0
    printf '\nthe exchange: %s\n' "$*"
    printf '%s\n' "$*" >&3
    until grep -qxF "done: $*" "$scratch/exchange.log"; do
        ((waited++ < 600)) || fail "the exchange does not do it: $(tail -n 3 "$scratch/exchange.log")"
        sleep 0.1
    done
}

kill_exchange() {
    kill -KILL "$exchange"
    wait "$exchange" 2>/dev/null || true
    exchange=
}

configuration() {
    # A session of QuickFIX's begins anew at a time of day, if only once a day: not while this runs.
    local line product kind member=0 begins
    local -A port=()
    begins=$(date -u -d '12 hours' +%H:%M:%S)
    cat <<CFG
[DEFAULT]
ConnectionType=initiator
BeginString=FIXT.1.1
DefaultApplVerID=FIX.5.0SP2
SocketConnectHost=127.0.0.1
# Whatever TargetCompID (56) was asked for, what comes is from Kalshi.
CheckCompID=N
HeartBtInt=30
ReconnectInterval=1
StartTime=$begins
EndTime=$begins
FileStorePath=$scratch/store
FileLogPath=$scratch/log
Exchange=$scratch/commands
CFG
    while read -r line; do
        case $line in
        *private_key*) member=$((member + 1)) ;;
        *plaintext_port*)
            product=$(value product "$line") kind=$(value target_comp_id "$line")
            port[$product-$kind]=$(value plaintext_port "$line")
            ;;
        *'"id"'*)
            product=$(value product "$line") kind=$(value target_comp_id "$line")
            section "$product-${kind#Kalshi}-$member" "$product" "$kind" "${port[$product-$kind]}" \
                "$(value id "$line")" "$scratch/exchange/member-$member.pem"
            ;;
        esac
    done < <(sed 's/{/\n{/g' "$scratch/exchange/exchange.json")
}

# section NAME PRODUCT KIND PORT ID KEY
section() {
    local reset=Y
    # These go on where they were.
    [[ $3 != Kalshi[RP]T ]] || reset=N
    cat <<CFG
[SESSION]
Name=$1
SenderCompID=$5
TargetCompID=$3
SocketConnectPort=$4
PrivateKey=$6
ResetOnLogon=$reset
TransportDataDictionary=spec/kalshi-$2.xml
AppDataDictionary=spec/kalshi-$2.xml
CFG
}

# The value of a key in a line of JSON.
value() {
    sed -n 's/.*"'"$1"'":"\{0,1\}\([^",}]*\).*/\1/p' <<<"$2"
}

# act TITLE [--killed] NAME...: has QuickFIX follow the script on the standard input, with the sessions of these names.
act() {
    local title=$1 expected=0 status=0
    shift
    if [[ $1 == --killed ]]; then
        expected=137
        shift
    fi
    printf '\n%s\n' "$title"
    # In the background, so that the shell says nothing when it is killed.
    timeout --kill-after=10 300 "$scratch/trade" "$scratch/trade.cfg" "$@" <&0 &
    wait $! 2>/dev/null || status=$?
    if ((status != expected)); then
        tail -n 5 "$scratch"/log/*.event.current.log
        fail "\"$title\" ends with $status, not $expected"
    fi
    count=$((count + 1))
}

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

readonly prediction=HIGHNY-23DEC31 margin=BTC-PERP settled=HIGHNY-24JAN01 scalar=RAINNY-24JAN01
count=0
open_exchange

for p in prediction margin; do
    # Cents on the one, dollars on the other.
    case $p in
    prediction) market=$prediction low=40 high=60 ;;
    margin) market=$margin low=19999.5 high=20000.5 ;;
    esac

    act "$p: two members trade, a third session looks on, and so do their drop copies" $p-NR-1 $p-NR-2 $p-DC-1 $p-MD-2 <<STEPS
connect $p-NR-1 $p-NR-2 $p-DC-1 $p-MD-2
send $p-MD-2 35=V|263=1|146=1|55=$market
expect $p-MD-2 35=W|55=$market|268=0
send $p-NR-1 35=D|11=$p-sell|38=10|40=2|44=$high|54=2|55=$market|59=1
expect $p-NR-1 35=8|11=$p-sell|150=A|39=A
expect $p-NR-1 35=8|11=$p-sell|150=0|39=0|151=10.00|37=@order
expect $p-MD-2 35=X|55=$market|279=0|269=1|271=10.00
# A part of it is bought.
send $p-NR-2 35=D|11=$p-buy|38=4|40=2|44=$high|54=1|55=$market|59=3
expect $p-NR-2 35=8|11=$p-buy|150=A
expect $p-NR-2 35=8|11=$p-buy|150=F|39=2|32=4.00|151=0.00|1057=Y|137=*
expect $p-NR-1 35=8|11=$p-sell|150=F|39=1|32=4.00|14=4.00|151=6.00|37=@order|1057=N|17=@fill
expect $p-MD-2 35=X|268=2|269=2|271=4.00|279=1|271=6.00
# Amended, cancelled, and refused to be cancelled again.
send $p-NR-1 35=G|11=$p-less|41=$p-sell|38=8|40=2|44=$high|54=2|55=$market
expect $p-NR-1 35=8|11=$p-less|41=$p-sell|150=E
expect $p-NR-1 35=8|11=$p-less|41=$p-sell|150=5|151=4.00|17=@amend
expect $p-MD-2 35=X|268=1|279=1|271=4.00
send $p-NR-1 35=F|11=$p-end|41=$p-less|54=2|55=$market
expect $p-NR-1 35=8|11=$p-end|150=6
expect $p-NR-1 35=8|11=$p-end|150=4|39=4|151=0.00
expect $p-MD-2 35=X|268=1|279=2
send $p-NR-1 35=F|11=$p-again|41=$p-less|54=2|55=$market
expect $p-NR-1 35=9|11=$p-again|434=1
# What drop copy has told is found again.
send $p-DC-1 35=U1|21001=@fill|21002=@amend
expect $p-DC-1 35=8|17=@fill|150=F
expect $p-DC-1 35=8|17=@amend|150=5
expect $p-DC-1 35=U2|21003=2
# All that is left is cancelled at once.
send $p-NR-1 35=D|11=$p-rest|38=1|40=2|44=$low|54=1|55=$market|59=1
expect $p-NR-1 35=8|11=$p-rest|150=A
expect $p-NR-1 35=8|11=$p-rest|150=0
expect $p-MD-2 35=X|268=1|279=0|269=0
send $p-NR-1 35=q|11=$p-all|530=6
expect $p-NR-1 35=r|11=$p-all|531=6
expect $p-NR-1 35=8|150=4|151=0.00
expect $p-MD-2 35=X|268=1|279=2|269=0
STEPS

    act "$p: one rests orders where messages are sent again, and is killed" --killed $p-RT-1 <<STEPS
connect $p-RT-1
send $p-RT-1 35=D|11=$p-1|38=10|40=2|44=$low|54=1|55=$market|59=1
expect $p-RT-1 35=8|11=$p-1|150=A
expect $p-RT-1 35=8|11=$p-1|150=0|!43
send $p-RT-1 35=D|11=$p-2|38=5|40=2|44=$high|54=2|55=$market|59=1
expect $p-RT-1 35=8|11=$p-2|150=A
expect $p-RT-1 35=8|11=$p-2|150=0|!43
kill
STEPS

    act "$p: the other trades with these orders" $p-NR-2 <<STEPS
connect $p-NR-2
send $p-NR-2 35=D|11=$p-other-1|38=3|40=2|44=$low|54=2|55=$market|59=3
expect $p-NR-2 35=8|11=$p-other-1|150=A
expect $p-NR-2 35=8|11=$p-other-1|150=F|39=2
send $p-NR-2 35=D|11=$p-other-2|38=5|40=2|44=$high|54=1|55=$market|59=3
expect $p-NR-2 35=8|11=$p-other-2|150=A
expect $p-NR-2 35=8|11=$p-other-2|150=F|39=2
STEPS

    act "$p: the one is back, is sent what it has missed, goes on, and is killed again" --killed $p-RT-1 <<STEPS
connect $p-RT-1
expect $p-RT-1 35=8|43=Y|122=*|11=$p-1|150=F|32=3.00|151=7.00
expect $p-RT-1 35=8|43=Y|122=*|11=$p-2|150=F|32=5.00|151=0.00
send $p-RT-1 35=F|11=$p-3|41=$p-1|54=1|55=$market
expect $p-RT-1 35=8|!43|11=$p-3|150=6
expect $p-RT-1 35=8|!43|11=$p-3|150=4|14=3.00
kill
STEPS

    act "$p: an order that was given without a connection is asked for" $p-RT-1 <<STEPS
send $p-RT-1 35=D|11=$p-4|38=2|40=2|44=$low|54=1|55=$market|59=1
connect $p-RT-1
expect $p-RT-1 35=8|!43|11=$p-4|150=A
expect $p-RT-1 35=8|!43|11=$p-4|150=0
send $p-RT-1 35=F|11=$p-5|41=$p-4|54=1|55=$market
expect $p-RT-1 35=8|11=$p-5|150=6
expect $p-RT-1 35=8|11=$p-5|150=4
STEPS
done

p=prediction market=$prediction
act "$p: a request for quotes, from the question to the execution" $p-RT-1 $p-RFQ-2 <<STEPS
connect $p-RT-1 $p-RFQ-2
send $p-RT-1 35=R|131=rfq-1|146=1|55=$market|38=10
expect $p-RT-1 35=b|131=rfq-1|303=1|21023=@rfq
expect $p-RFQ-2 35=R|131=@rfq|146=1|55=$market|38=10.00
send $p-RFQ-2 35=S|117=quote-1|131=@rfq|55=$market|132=45|133=50
expect $p-RFQ-2 35=AI|117=quote-1|131=@rfq|297=10|134=10.00|135=10.00
expect $p-RT-1 35=S|117=quote-1|131=@rfq|132=0.4500|133=0.5000
send $p-RT-1 35=UA|117=quote-1|54=1|11=take-1
expect $p-RT-1 35=UC|117=quote-1|21025=0|11=take-1
expect $p-RFQ-2 35=AI|117=quote-1|297=0|54=2
send $p-RFQ-2 35=U7|117=quote-1|21023=@rfq
expect $p-RFQ-2 35=U8|117=quote-1|21010=0
expect $p-RT-1 35=8|11=take-1|150=A
expect $p-RT-1 35=8|11=take-1|150=F|39=2|31=50|32=10.00
expect $p-RFQ-2 35=AG|131=@rfq
STEPS

act "$p: trading stops, and goes on" $p-NR-1 $p-MD-2 <<STEPS
connect $p-NR-1 $p-MD-2
send $p-MD-2 35=e|263=1|55=$market
send $p-MD-2 35=V|263=0|146=1|55=$market
expect $p-MD-2 35=W|55=$market|268=0
exchange halt $market
expect $p-MD-2 35=f|55=$market|326=2
send $p-NR-1 35=D|11=$p-late|38=1|40=2|44=40|54=1|55=$market|59=1
expect $p-NR-1 35=8|11=$p-late|150=A
expect $p-NR-1 35=8|11=$p-late|150=8|103=2|58=MARKET_INACTIVE
exchange resume $market
expect $p-MD-2 35=f|55=$market|326=3
STEPS

act "$p: one waits for settlements, and is killed" --killed $p-PT-1 <<STEPS
connect $p-PT-1
kill
STEPS

act "$p: both hold contracts" $p-NR-1 $p-NR-2 <<STEPS
connect $p-NR-1 $p-NR-2
send $p-NR-1 35=D|11=$p-yes|38=100|40=2|44=40|54=1|55=$settled|59=1
expect $p-NR-1 35=8|11=$p-yes|150=A
expect $p-NR-1 35=8|11=$p-yes|150=0
send $p-NR-2 35=D|11=$p-no|38=100|40=2|44=40|54=2|55=$settled|59=3
expect $p-NR-2 35=8|11=$p-no|150=A
expect $p-NR-2 35=8|11=$p-no|150=F|39=2
expect $p-NR-1 35=8|11=$p-yes|150=F|39=2
STEPS
tell determine $settled yes
tell settle $settled

act "$p: the settlement that was missed comes again, and the next one as it happens" $p-PT-1 $p-NR-1 $p-NR-2 <<STEPS
connect $p-PT-1 $p-NR-1 $p-NR-2
expect $p-PT-1 35=UMS|43=Y|122=*|55=$settled|20107=yes|730=100.00|893=Y|20108=1|704=100.00|1704=100.00|1705=PAYOUT|137=0.00
send $p-NR-1 35=D|11=$p-over|38=10|40=2|44=40|54=1|55=$scalar|59=1
expect $p-NR-1 35=8|11=$p-over|150=A
expect $p-NR-1 35=8|11=$p-over|150=0
send $p-NR-2 35=D|11=$p-under|38=10|40=2|44=40|54=2|55=$scalar|59=3
expect $p-NR-2 35=8|11=$p-under|150=A
expect $p-NR-2 35=8|11=$p-under|150=F|39=2
expect $p-NR-1 35=8|11=$p-over|150=F|39=2
exchange determine $scalar 30.6
exchange settle $scalar
expect $p-PT-1 35=UMS|!43|55=$scalar|20107=scalar|730=30.60|704=10.00|1704=*|1705=PAYOUT
STEPS

for p in prediction margin; do
    case $p in
    prediction) market=$prediction price=30 ;;
    margin) market=$margin price=19000 ;;
    esac

    act "$p: one rests an order, and is killed once more" --killed $p-RT-1 <<STEPS
connect $p-RT-1
send $p-RT-1 35=D|11=$p-6|38=1|40=2|44=$price|54=1|55=$market|59=1
expect $p-RT-1 35=8|11=$p-6|150=A
expect $p-RT-1 35=8|11=$p-6|150=0
kill
STEPS

    act "$p: the other sells to it" $p-NR-2 <<STEPS
connect $p-NR-2
send $p-NR-2 35=D|11=$p-other-3|38=1|40=2|44=$price|54=2|55=$market|59=3
expect $p-NR-2 35=8|11=$p-other-3|150=A
expect $p-NR-2 35=8|11=$p-other-3|150=F|39=2
STEPS
done

printf '\nthe exchange is killed, and started again\n'
kill_exchange
open_exchange

for p in prediction margin; do
    case $p in
    prediction) market=$prediction ;;
    margin) market=$margin ;;
    esac

    act "$p: what was missed comes again from an exchange that was started anew" $p-RT-1 <<STEPS
connect $p-RT-1
expect $p-RT-1 35=8|43=Y|122=*|11=$p-6|150=F|32=1.00|39=2
send $p-RT-1 35=F|11=$p-7|41=$p-6|54=1|55=$market
expect $p-RT-1 35=9|!43|11=$p-7
STEPS
done

# A signature that is wrong is no signature: nothing above would show otherwise.
sed -e '/^PrivateKey=/a SaltLength=20' -e 's/^ReconnectInterval=.*/ReconnectInterval=600/' -i "$scratch/trade.cfg"
for p in prediction margin; do
    act "$p: a signature whose salt has 20 bytes is refused" $p-NR-1 $p-RT-2 <<STEPS
expect $p-NR-1 35=5|58=invalid signature in RawData (96)
expect $p-RT-2 35=5|58=invalid signature in RawData (96)
STEPS
done

echo
echo "QuickFIX has done everything in $count scripts"
