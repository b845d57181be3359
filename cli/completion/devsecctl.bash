# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# bash completion for devsecctl; the lists come from the program's own tables.

_devsecctl_kind()
{
    case "$1" in
        # @KINDS@
    esac
}

_devsecctl_subcommands()
{
    case "$1" in
        # @SUBCOMMANDS@
    esac
}

_devsecctl_values()
{
    case "$1" in
        # @VALUES@
    esac
}

_devsecctl_own_options()
{
    case "$1" in
        # @OWNOPTIONS@
    esac
}

_devsecctl_option_words()
{
    case "$1" in
        # @OPTIONWORDS@
    esac
}

_devsecctl()
{
    local commands="@COMMANDS@"
    local settings="@SETTINGS@"
    local groups="@GROUPS@"
    local options="@OPTIONS@"
    local cur="${COMP_WORDS[COMP_CWORD]}" i word command="" kind="" values="" head=""
    local -a words=()

    # The words before the cursor that are neither options nor their arguments.
    for ((i = 1; i < COMP_CWORD; i++)); do
        word="${COMP_WORDS[i]}"
        case "$word" in
            @TAKERS@)
                ((i++))
                [ "${COMP_WORDS[i]}" != "=" ] || ((i++))
                if ((i >= COMP_CWORD)); then
                    [ "$cur" != "=" ] || cur=""
                    values="$(_devsecctl_option_words "$word")"
                    if [ "$values" = "@file" ]; then
                        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
                    else
                        mapfile -t COMPREPLY < <(compgen -W "$values" -- "$cur")
                    fi
                    return
                fi
                ;;
            -?*) ;;
            *) words+=("$word") ;;
        esac
    done

    command="${words[0]:-}"
    [ -z "$(_devsecctl_subcommands "$command")" ] || [ "${#words[@]}" -lt 2 ] || command="$command ${words[1]}"
    if [[ "$cur" == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options $(_devsecctl_own_options "$command")" -- "$cur")
        return
    fi

    kind="$(_devsecctl_kind "$command")"
    i=$((${#words[@]} - $(wc -w <<< "$command")))
    case "$kind" in
        paths) values="$settings $groups" ;;
        pairs)
            if ((i % 2 == 0)); then
                values="$settings"
            else
                values="$(_devsecctl_values "${words[-1]}")"
                # A set of labels: the one behind the last comma.
                [[ "$cur" != *,* ]] || head="${cur%,*},"
            fi
            ;;
        file) mapfile -t COMPREPLY < <(compgen -f -- "$cur") && return ;;
        shell) ((i > 0)) || values="@SHELLS@" ;;
        role) ((i != 1)) || values="@ROLES@" ;;
        use) ((i != 0)) || values="@USES@" ;;
        command)
            values="$commands"
            [ "${#words[@]}" -lt 2 ] || values="$(_devsecctl_subcommands "${words[1]}")"
            ;;
        *)
            if [ "${#words[@]}" -eq 0 ]; then
                values="$commands"
            elif [ "${#words[@]}" -eq 1 ]; then
                values="$(_devsecctl_subcommands "${words[0]}")"
            fi
            ;;
    esac
    mapfile -t COMPREPLY < <(compgen -P "$head" -W "$values" -- "${cur#"$head"}")
}

complete -F _devsecctl devsecctl
