/** verify.sh, the checker that comes with every package and needs nothing of ours. */

/** Holds the script's text; its digest is in every manifest and in docs/evidence.md. Runs in dash, bash and busybox sh. */
export const VERIFY_SCRIPT = String.raw`#!/bin/sh
# Checks an evidence package with sha256sum (or shasum) and openssl.
#
#   sh verify.sh [FINGERPRINT] [FOLDER]
#
# FINGERPRINT  the signing key's fingerprint (SHA-256 of its DER form, 64 hex digits), got from elsewhere
# FOLDER       the package; default: the folder this script lies in
#
# Names every defect with its file. Exit status: 0 sound, 1 defects, 2 wrong use.
# This script cannot vouch for itself: compare its digest with the published one, or run another copy.
set -u
LC_ALL=C
export LC_ALL
umask 077

want=""
folder=""
for argument in "$@"; do
  if printf '%s\n' "$argument" | grep -Eq '^[0-9a-fA-F]{64}$' && [ ! -d "$argument" ]; then
    want=$(printf '%s' "$argument" | tr 'A-F' 'a-f')
  elif [ -z "$folder" ] && [ -d "$argument" ]; then
    folder=$argument
  else
    echo "usage: sh verify.sh [FINGERPRINT] [FOLDER]" >&2
    exit 2
  fi
done
if [ -z "$folder" ]; then
  case $0 in
    */*) folder=$${"{"}0%/*} ;;
    *) folder=. ;;
  esac
  [ -n "$folder" ] || folder=/
fi
case $folder in
  /*) ;;
  *) folder=./$folder ;;
esac
cd "$folder" || exit 2

if command -v sha256sum >/dev/null 2>&1; then
  digest() { sha256sum <"$1" | cut -c 1-64; }
elif command -v shasum >/dev/null 2>&1; then
  digest() { shasum -a 256 <"$1" | cut -c 1-64; }
else
  echo "sha256sum or shasum is needed" >&2
  exit 2
fi
command -v openssl >/dev/null 2>&1 || {
  echo "openssl is needed" >&2
  exit 2
}

work=$(printf '%s' "$${"{"}TMPDIR:-/tmp}/countersign-verify.$$")
mkdir "$work" || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM
: >"$work/defects"
defect() {
  printf 'DEFECT %s: %s\n' "$1" "$2" >>"$work/defects"
}
plain() { [ -f "$1" ] && [ ! -L "$1" ]; }

seal=manifest.dsse.json
bundle=manifest.sigstore.json
key=public-key.pem
: >"$work/subjects"
keyid=""

# 1. The envelope: one line in its one spelling.
if plain "$seal"; then
  sed -n 's/^{"payload":"\([A-Za-z0-9+/]*=*\)","payloadType":"application\/vnd.in-toto+json","signatures":\[{"keyid":"[0-9a-f]*","sig":"[A-Za-z0-9+/]*=*"}\]}$/\1/p' "$seal" | tr -d '\n' >"$work/payload64"
  keyid=$(sed -n 's/^.*"signatures":\[{"keyid":"\([0-9a-f]*\)","sig":"[A-Za-z0-9+/]*=*"}\]}$/\1/p' "$seal")
  sed -n 's/^.*"signatures":\[{"keyid":"[0-9a-f]*","sig":"\([A-Za-z0-9+/]*=*\)"}\]}$/\1/p' "$seal" | tr -d '\n' >"$work/sig64"
  openssl base64 -d -A -in "$work/payload64" -out "$work/payload" 2>/dev/null || : >"$work/payload"
  openssl base64 -d -A -in "$work/sig64" -out "$work/sig" 2>/dev/null || : >"$work/sig"
  {
    printf '{"payload":"'
    openssl base64 -A -in "$work/payload"
    printf '","payloadType":"application/vnd.in-toto+json","signatures":[{"keyid":"%s","sig":"' "$keyid"
    openssl base64 -A -in "$work/sig"
    printf '"}]}\n'
  } >"$work/again"
  if [ ! -s "$work/payload" ] || [ "$(digest "$work/again")" != "$(digest "$seal")" ]; then
    defect "$seal" "is not a seal in its one spelling"
  fi
  {
    tr '{' '\n' <"$work/payload"
    printf '\n'
  } |
    sed -n 's/^"sha256":"\([0-9a-f]\{64\}\)"},"name":"\([A-Za-z0-9._/-]*\)"}.*$/\1  \2/p' >"$work/subjects"
  [ -s "$work/subjects" ] || defect "$seal" "names no files"
else
  defect "$seal" "is missing"
fi

# 2. The key: one spelling, and the one the seal names.
fingerprint=none
if plain "$key"; then
  openssl pkey -pubin -in "$key" -pubout -outform DER -out "$work/key.der" 2>/dev/null || : >"$work/key.der"
  openssl pkey -pubin -in "$key" -pubout -out "$work/key.pem" 2>/dev/null || : >"$work/key.pem"
  fingerprint=$(digest "$work/key.der")
  if [ ! -s "$work/key.pem" ] || [ "$(digest "$work/key.pem")" != "$(digest "$key")" ]; then
    defect "$key" "is not a public key in its one spelling"
  fi
  [ "$fingerprint" = "$keyid" ] || defect "$key" "is not the key the seal names"
  if [ -n "$want" ] && [ "$fingerprint" != "$want" ]; then
    defect "$key" "has fingerprint $fingerprint, not the one you gave"
  fi
else
  defect "$key" "is missing"
fi

# 3. The signature over the envelope's payload (DSSE pre-authentication encoding), and the same envelope as a Sigstore bundle.
signed=no
if [ -s "$work/payload" ] && [ -s "$work/key.pem" ]; then
  length=$(wc -c <"$work/payload" | tr -d ' ')
  {
    printf 'DSSEv1 28 application/vnd.in-toto+json %s ' "$length"
    cat "$work/payload"
  } >"$work/signed"
  if openssl dgst -sha256 -verify "$work/key.pem" -signature "$work/sig" "$work/signed" >/dev/null 2>&1; then
    signed=yes
  else
    defect "$seal" "was not signed by the key in $key, or was changed"
  fi
  # Of the two values of s that verify, only the lower is written.
  s=$(openssl asn1parse -inform DER -in "$work/sig" 2>/dev/null | sed -n 's/^.*INTEGER *:\([0-9A-F]*\)$/\1/p' | sed -n 2p)
  s=$(printf '%64s' "$s" | tr ' ' 0)
  half=7FFFFFFF800000007FFFFFFFFFFFFFFFDE737D56D38BCF4279DCE5617E3192A8
  if [ "$(printf '%s\n%s\n' "$s" "$half" | sort | sed -n 1p)" != "$s" ]; then
    defect "$seal" "has a signature in its other spelling"
  fi
fi

if ! plain "$bundle"; then
  defect "$bundle" "is missing"
elif [ "$signed" = yes ]; then
  {
    printf '{"dsseEnvelope":'
    tr -d '\n' <"$seal"
    printf ',"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":"%s"}}}\n' "$keyid"
  } >"$work/bundle"
  [ "$(digest "$work/bundle")" = "$(digest "$bundle")" ] || defect "$bundle" "is not $seal as a Sigstore bundle"
fi

# 4. The files the seal names; if it names none, those of SHA256SUMS, to say at least which differ.
if [ ! -s "$work/subjects" ] && plain SHA256SUMS; then
  sed -n 's/^\([0-9a-f]\{64\}\)  \([A-Za-z0-9._/-]*\)$/\1  \2/p' SHA256SUMS >"$work/subjects"
fi
count=0
while read -r sum name; do
  case /$name/ in
    */../* | */./* | *//*)
      defect "$name" "is not a path inside the package"
      continue
      ;;
  esac
  count=$((count + 1))
  if [ -L "$name" ]; then
    defect "$name" "is a symbolic link"
  elif [ ! -e "$name" ]; then
    defect "$name" "is missing"
  elif [ ! -f "$name" ]; then
    defect "$name" "is not a file"
  elif [ "$(digest "$name")" != "$sum" ]; then
    defect "$name" "was changed: its SHA-256 is not the sealed one"
  fi
done <"$work/subjects"

# 5. SHA256SUMS says the same as the seal.
if plain SHA256SUMS; then
  grep -v '  SHA256SUMS$' "$work/subjects" | sort >"$work/expected"
  sort SHA256SUMS >"$work/sums"
  [ "$(digest "$work/expected")" = "$(digest "$work/sums")" ] || defect SHA256SUMS "does not list the files the seal names"
else
  defect SHA256SUMS "is missing"
fi

# 6. Nothing else is here.
{
  cut -c 67- "$work/subjects"
  printf '%s\n%s\nSHA256SUMS\n' "$seal" "$bundle"
} | sed 's,^,./,' | sort -u >"$work/files"
sed -n 's,/[^/]*$,,p' "$work/files" >"$work/folders"
sed -n 's,/[^/]*/[^/]*$,,p' "$work/files" >>"$work/folders"
printf '.\n' >>"$work/folders"
newline='
'
find . -name "*$newline*" >"$work/broken"
[ ! -s "$work/broken" ] || defect . "holds a name with a line break, which should not be here"
find . ! -type d >"$work/found" 2>"$work/unseen"
while IFS= read -r name; do
  grep -Fqx -e "$name" "$work/files" || defect "$(printf '%s' "$name" | sed 's,^\./,,')" "should not be here"
done <"$work/found"
find . -type d >"$work/found" 2>>"$work/unseen"
[ ! -s "$work/unseen" ] || defect . "holds a folder that cannot be looked into"
while IFS= read -r name; do
  grep -Fqx -e "$name" "$work/folders" || defect "$(printf '%s' "$name" | sed 's,^\./,,')" "is a folder that should not be here"
done <"$work/found"

# 7. What is called complete was counted and observed. Written with sorted keys on one line, a document is read as text.
later() { [ "$1" != "$2" ] && [ "$(printf '%s\n%s\n' "$1" "$2" | sort | sed -n 1p)" = "$2" ]; }
complete=completeness.json
observed=observed.json
if plain "$complete" && plain "$observed" && grep -q '"complete":true' "$complete"; then
  ! grep -q '"branches":\[\]' "$complete" || defect "$complete" "calls the period complete, and no branch was counted"
  ! grep -q '"proven":false' "$complete" || defect "$complete" "calls the period complete, and a branch is not proven"
  ! grep -q '"begins":"observed"' "$complete" || defect "$complete" "calls the period complete, and a branch was observed later"
  from=$(sed -n 's/^.*"period":{"from":"\([0-9T:.-]*\)Z".*$/\1/p' "$complete")
  to=$(sed -n 's/^.*"period":{.*"to":"\([0-9T:.-]*\)Z"}}$/\1/p' "$complete")
  since=$(sed -n 's/^{"since":"\([0-9T:.-]*\)Z".*$/\1/p' "$observed")
  until=$(sed -n 's/^.*"until":"\([0-9T:.-]*\)Z"}$/\1/p' "$observed")
  if [ -z "$since" ] || later "$since" "$from" || later "$to" "$until"; then
    defect "$complete" "calls the period complete, and not all of it was observed"
  fi
  tr '{' '\n' <"$observed" | sed -n 's/^"from":"\([0-9T:.-]*\)Z","to":"\([0-9T:.-]*\)Z".*$/\1 \2/p' >"$work/blind"
  while read -r begin end; do
    if later "$to" "$begin" && later "$end" "$from"; then
      defect "$complete" "calls the period complete, and $begin to $end was not observed"
    fi
  done <"$work/blind"
fi

if [ -s "$work/defects" ]; then
  sort -u "$work/defects"
  echo "$(sort -u "$work/defects" | wc -l | tr -d ' ') defects found in this package."
  exit 1
fi
echo "$((count + 1)) files and their seal: no defect found."
echo "Signed by the key with fingerprint $fingerprint."
if [ -n "$want" ]; then
  echo "That is the fingerprint you gave."
else
  echo "Without a fingerprint from elsewhere this proves nothing about who signed: compare it with the one the company published."
fi
`;
