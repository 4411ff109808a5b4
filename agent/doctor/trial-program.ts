/**
 * The program of the empty run, in the plainest shell: it says what it sees. The API server is asked with whatever the image
 * has; a server's refusal is an answer, too.
 */
export const TRIAL_PROGRAM = `
tell() { echo "doctor: $1=$2"; }
tell user "$(id -u 2>/dev/null || echo unknown)"
if echo x > made-by-doctor 2>/dev/null; then tell workspace writable; else tell workspace "not writable"; fi
if [ -z "$SSL_CERT_FILE" ]; then tell bundle none; elif [ -r "$SSL_CERT_FILE" ]; then tell bundle readable; else tell bundle "not readable"; fi
url="$CLEARML_API_HOST/debug.ping"
if command -v python3 >/dev/null 2>&1; then
  tell api "$(python3 -c '
import sys, urllib.error, urllib.request
try:
    urllib.request.urlopen(sys.argv[1], timeout=10)
    print("reached")
except urllib.error.HTTPError:
    print("reached")
except Exception as error:
    print(error)
' "$url")"
elif command -v curl >/dev/null 2>&1; then
  answer=$(curl -sS -m 10 -o /dev/null "$url" 2>&1) && tell api reached || tell api "$answer"
elif command -v wget >/dev/null 2>&1; then
  answer=$(wget -q -T 10 -O /dev/null "$url" 2>&1); code=$?
  if [ "$code" = 0 ] || [ "$code" = 8 ]; then tell api reached; else tell api "\${answer:-wget ended with $code}"; fi
else
  tell api "nothing to ask with"
fi
if command -v nvidia-smi >/dev/null 2>&1; then tell gpus "$(nvidia-smi -L 2>&1 | grep -c '^GPU')"; else tell gpus none; fi
tell end well
`;
