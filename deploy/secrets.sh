#!/bin/sh
# Makes the files of secrets that docker-compose.yml names, once; what is there stays.
# The folder is yours alone. The files are readable, since each container has a user of its own
# and Docker hands a file over with its owner and mode.
set -eu
cd "$(dirname "$0")/.."
mkdir -p secrets
chmod 700 secrets

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
keep() { # name: its content from stdin, unless it is there
    if [ -s "secrets/$1" ]; then cat > /dev/null; else cat > "secrets/$1"; fi
    chmod 444 "secrets/$1"
}

random | keep postgres_password
random | keep redis_password
printf 'postgres://quarterdeck:%s@postgres:5432/quarterdeck\n' "$(cat secrets/postgres_password)" | keep database
printf 'redis://:%s@redis:6379/0\n' "$(cat secrets/redis_password)" | keep redis
printf 'requirepass %s\n' "$(cat secrets/redis_password)" | keep redis_conf

if [ ! -s secrets/telegram_token ]; then
    printf 'Telegram token from @BotFather: ' >&2
    read -r token
    printf '%s\n' "$token" | keep telegram_token
fi
echo "secrets/ is ready"
