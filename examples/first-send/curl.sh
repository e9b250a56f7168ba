#!/bin/sh
# Sends one message, waits until it is delivered and prints its life. Needs curl and a POSIX shell.
set -eu

: "${TRACKLY_URL:?Set TRACKLY_URL, such as http://127.0.0.1:8080}"
: "${TRACKLY_API_KEY:?Set TRACKLY_API_KEY: the key that the first start printed}"
to="${TRACKLY_TO:-+13125550142}"
list="${TRACKLY_LIST:-+18005551000}"

call() {
  curl --silent --show-error --fail-with-body --max-time 10 -H "X-Api-Key: $TRACKLY_API_KEY" "$@"
}

# The key of the request makes a repeat after a lost answer harmless: it sends nothing twice.
sent=$(call "$TRACKLY_URL/api/v2/send" \
  -H 'Content-Type: application/json' \
  -H "Idempotency-Key: first-send-$$-$(date +%s)" \
  -d "{\"to\":\"$to\",\"list_number\":\"$list\",\"body\":\"Hello from curl!\"}") || { echo "$sent" >&2; exit 1; }
id=$(printf '%s' "$sent" | sed -n 's/.*"message_id":"\([^"]*\)".*/\1/p')
echo "Accepted: $id"

tries=0
while [ "$tries" -lt 60 ]; do
  message=$(call "$TRACKLY_URL/api/v2/messages/$id") || { echo "$message" >&2; exit 1; }
  state=$(printf '%s' "$message" | sed -n 's/.*"state":"\([a-z_]*\)","status_detail".*/\1/p')
  case "$state" in
    delivered)
      printf '%s\n' "$message" | sed -n 's/.*"events":\[\(.*\)\].*/\1/p' | sed 's/},{/}\n{/g'
      exit 0
      ;;
    undelivered | failed | dropped | cancelled | orphaned | unknown)
      echo "The message ended as $state: $message" >&2
      exit 1
      ;;
  esac
  tries=$((tries + 1))
  sleep 0.5
done
echo "The message is still $state after 30 seconds" >&2
exit 1
