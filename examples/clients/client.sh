#!/usr/bin/env bash
# A client of the toy in Bash, with curl and sed: one JSON object per line in, one out.
url=''
line=''
field() { sed -n -E "s/.*\"$1\":\"?([^\",}]*)\"?[,}].*/\1/p" <<<"$line"; }

perform() {
  local key value body
  key=$(field key)
  value=$(field value)
  if [ "$(field f)" = add ]; then
    curl -sf -m 4 -X PUT -d "{\"element\":$value}" "$url/$key" >/dev/null
  else
    body=$(curl -sf -m 4 "$url/$key") && value=$(sed -E 's/.*"elements":([^}]*)}.*/\1/' <<<"$body")
  fi
  case $? in
    0) echo "{\"type\":\"ok\",\"value\":$value}" ;;
    7) echo '{"type":"fail","error":"nobody listens"}' ;;
    *) echo '{"type":"info","error":"no answer"}' ;;
  esac
}

while IFS= read -r line; do
  case $line in
    *'"type":"setup"'*)
      url=$(sed -E 's/.*"node":\{[^}]*"url":"([^"]*)".*/\1/' <<<"$line")
      echo '{"type":"ok"}'
      ;;
    *'"type":"teardown"'*) break ;;
    *) perform ;;
  esac
done
