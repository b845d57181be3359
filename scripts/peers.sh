# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The real peers that scripts/sandbox starts on request: a web server, a Kerberos KDC, a SCEP server, all on 127.0.0.1.
# Sourced by scripts/sandbox after lib.sh; keeps its stamps and ports in STATE beside the sandbox's own.

PEER_SECONDS=20
declare -A PEER_PROGRAM=([nginx]=/usr/sbin/nginx [kdc]=/usr/lib/heimdal-servers/kdc [scep]=/usr/bin/scepserver)
PEER_REALM=DEVSEC.TEST

# peers_check LIST: a usage error for a name that is none, an error for a peer that is not installed
peers_check() {
    local peer
    for peer in ${1//,/ }; do
        if [[ ! $peer =~ ^(nginx|kdc|scep)$ ]]; then
            usage_error "--with: unknown peer '$peer'; known: nginx, kdc, scep"
        fi
        [[ -x ${PEER_PROGRAM[$peer]} ]] || die "${PEER_PROGRAM[$peer]} is not installed; run scripts/bootstrap peers"
    done
}

# peers_start DIR LIST: each ready when this returns
peers_start() {
    local peer folder tries
    for peer in ${2//,/ }; do
        folder=$1/peers/$peer
        mkdir -p "$folder"
        tries=5
        until "peer_start_$peer" "$folder" && peer_wait "$peer" "$folder"; do
            process_end "${STATE[PEER_$peer]:-}" 1 || true
            if ((--tries == 0)); then
                note "sandbox: $peer did not get ready; the end of $folder/log:"
                tail -n 20 "$folder/log" >&2
                return 1
            fi
        done
    done
}

peers_stop() {
    local peer
    for peer in nginx kdc scep; do
        process_end "${STATE[PEER_$peer]:-}" 5 || note "sandbox: $peer did not end within 5 s and was killed"
    done
}

# peers_env DIR: NAME=VALUE lines for what runs
peers_env() {
    if [[ -n ${STATE[PORT_nginx]:-} ]]; then
        printf 'NGINX_PORT=%s\nNGINX_PID=%s\n' "${STATE[PORT_nginx]}" "$(pid_of "${STATE[PEER_nginx]}")"
    fi
    if [[ -n ${STATE[PORT_kdc]:-} ]]; then
        printf 'KDC_PORT=%s\nKDC_PID=%s\n' "${STATE[PORT_kdc]}" "$(pid_of "${STATE[PEER_kdc]}")"
        printf 'KDC_REALM=%s\nKRB5_CONFIG=%s/krb5.conf\n' "$PEER_REALM" "$1/peers/kdc"
        printf 'KDC_KEYTAB=%s/device.keytab\n' "$1/peers/kdc"
    fi
    if [[ -n ${STATE[PORT_scep]:-} ]]; then
        printf 'SCEP_PORT=%s\nSCEP_PID=%s\n' "${STATE[PORT_scep]}" "$(pid_of "${STATE[PEER_scep]}")"
        printf 'SCEP_URL=http://127.0.0.1:%s/scep\n' "${STATE[PORT_scep]}"
        printf 'SCEP_CA=%s/depot/ca.pem\nSCEP_CHALLENGE_FILE=%s/challenge\n' "$1/peers/scep" "$1/peers/scep"
    fi
}

# peer_wait PEER FOLDER: until it does what it is there for
peer_wait() {
    local deadline=$((SECONDS + PEER_SECONDS))
    until "peer_answers_$1" "$2" >/dev/null 2>&1; do
        if ! process_alive "${STATE[PEER_$1]}" || ((SECONDS >= deadline)); then
            return 1
        fi
        sleep 0.05
    done
}

# http_status URL: the status of a GET, past any proxy that the environment names
http_status() {
    curl --noproxy '*' -s -o /dev/null -m 2 -w '%{http_code}' "$1"
}

peer_start_nginx() {
    local folder=$1 user=''
    STATE[PORT_nginx]=$(free_port tcp)
    # The workers must be able to read the page below a folder of 0700.
    if ((EUID == 0)); then
        user='user root;'
    fi
    mkdir -p "$folder/html"
    printf 'devsec sandbox\n' >"$folder/html/index.html"
    cat >"$folder/nginx.conf" <<CONF
$user
daemon off;
worker_processes 1;
pid $folder/nginx.pid;
error_log stderr notice;
events { worker_connections 64; }
http {
    access_log $folder/access.log;
    client_body_temp_path $folder/temp;
    proxy_temp_path $folder/temp;
    fastcgi_temp_path $folder/temp;
    uwsgi_temp_path $folder/temp;
    scgi_temp_path $folder/temp;
    server {
        listen 127.0.0.1:${STATE[PORT_nginx]};
        root $folder/html;
    }
}
CONF
    spawn "$folder/log" "${PEER_PROGRAM[nginx]}" -e stderr -p "$folder" -c "$folder/nginx.conf"
    STATE[PEER_nginx]=$SPAWNED
}

peer_answers_nginx() {
    [[ $(http_status "http://127.0.0.1:${STATE[PORT_nginx]}/") == 200 ]]
}

# One principal, device@DEVSEC.TEST, with a random key that only the keytab holds
peer_start_kdc() {
    local folder=$1
    STATE[PORT_kdc]=$(free_port tcp)
    cat >"$folder/krb5.conf" <<CONF
[libdefaults]
    default_realm = $PEER_REALM
    dns_lookup_realm = false
    dns_lookup_kdc = false
[realms]
    $PEER_REALM = {
        kdc = 127.0.0.1:${STATE[PORT_kdc]}
    }
[kdc]
    database = {
        dbname = $folder/heimdal
        realm = $PEER_REALM
        mkey_file = $folder/m-key
        acl_file = $folder/kadmind.acl
        log_file = $folder/kdc.changes
    }
[logging]
    kdc = STDERR
CONF
    if [[ ! -f $folder/device.keytab ]]; then
        {
            : >"$folder/kadmind.acl"
            kdc_admin "$folder" init --realm-max-ticket-life=1day --realm-max-renewable-life=1week "$PEER_REALM"
            kdc_admin "$folder" add --random-key --use-defaults "device@$PEER_REALM"
            kdc_admin "$folder" ext_keytab -k "$folder/device.keytab" "device@$PEER_REALM"
        } >>"$folder/log" 2>&1 || return 1
    fi
    spawn "$folder/log" env "KRB5_CONFIG=$folder/krb5.conf" "${PEER_PROGRAM[kdc]}" "--config-file=$folder/krb5.conf" \
        "--ports=${STATE[PORT_kdc]}" --addresses=127.0.0.1
    STATE[PEER_kdc]=$SPAWNED
}

kdc_admin() {
    local folder=$1
    shift
    KRB5_CONFIG=$folder/krb5.conf kadmin.heimdal --local --config-file="$folder/krb5.conf" --realm="$PEER_REALM" "$@" \
        </dev/null
}

peer_answers_kdc() {
    KRB5_CONFIG=$1/krb5.conf kinit.heimdal --cache="FILE:$1/probe.ccache" --keytab="$1/device.keytab" \
        "device@$PEER_REALM" </dev/null
}

peer_start_scep() {
    local folder=$1
    STATE[PORT_scep]=$(free_port tcp)
    if [[ ! -f $folder/depot/ca.pem ]]; then
        "${PEER_PROGRAM[scep]}" ca -init -depot "$folder/depot" -keySize 2048 -organization devsec -country XX \
            >>"$folder/log" 2>&1 || return 1
    fi
    if [[ ! -f $folder/challenge ]]; then
        openssl rand -hex 16 >"$folder/challenge"
    fi
    spawn "$folder/log" /usr/bin/python3 "$DEVSEC_ROOT/scripts/scep-loopback" "${STATE[PORT_scep]}" \
        "$folder/challenge" "${PEER_PROGRAM[scep]}" -depot "$folder/depot" -allowrenew 0
    STATE[PEER_scep]=$SPAWNED
}

peer_answers_scep() {
    [[ $(http_status "http://127.0.0.1:${STATE[PORT_scep]}/scep?operation=GetCACaps") == 200 ]]
}
