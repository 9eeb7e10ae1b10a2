#!/bin/bash
# A function for the tests, in shell builtins only: it speaks the Runtime API and does what the event
# tells it to: {"do":"echo"}, "fail", "crash", "hang", "wait", "environment".

call() { # method path body -> sets headers and body
    exec 3<>"/dev/tcp/${AWS_LAMBDA_RUNTIME_API%:*}/${AWS_LAMBDA_RUNTIME_API#*:}"
    printf '%s /2018-06-01/runtime/%s HTTP/1.1\r\nHost: runtime\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s' \
        "$1" "$2" "${#3}" "$3" >&3
    headers='' body=''
    while IFS= read -r line <&3 && [ "$line" != $'\r' ]; do headers+=$line; done
    IFS= read -r -d '' body <&3
    exec 3>&-
}

pause() { # seconds -> waits without another program: nothing ever comes from this pipe
    read -r -t "$1" <> <(:)
}

header() { # name -> prints its value
    shopt -s nocasematch
    [[ $headers =~ $1:\ ([^$'\r']*) ]] && echo "${BASH_REMATCH[1]}"
}

echo "started $$"
if [ -n "$FAIL_INIT" ]; then
    call POST init/error '{"errorType":"Config","errorMessage":"ECS_CLUSTER is missing"}'
    exit 1
fi

while true; do
    call GET invocation/next ''
    id=$(header lambda-runtime-aws-request-id)
    case $body in
    *'"fail"'*) call POST "invocation/$id/error" '{"errorType":"Oops","errorMessage":"told to"}' ;;
    *'"crash"'*) echo 'about to crash' >&2 && exit 3 ;;
    *'"hang"'*) pause 60 ;;
    *'"wait"'*)
        pause 0.3
        call POST "invocation/$id/response" "{\"pid\":$$}"
        ;;
    *'"environment"'*)
        names=''
        for name in $(compgen -e); do names+="$name "; done
        call POST "invocation/$id/response" "{\"names\":\"$names\",\"healing_mode\":\"$HEALING_MODE\",\"log_level\":\"$LOG_LEVEL\"}"
        ;;
    *) call POST "invocation/$id/response" \
        "{\"pid\":$$,\"event\":$body,\"id\":\"$id\",\"deadline_ms\":$(header lambda-runtime-deadline-ms),\"arn\":\"$(header lambda-runtime-invoked-function-arn)\"}" ;;
    esac
done
