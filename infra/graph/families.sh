# The permissions of Microsoft Graph that the scripts know, for sourcing: `choose` and `families`.
# The same families, permissions and ids as in maa_notify/domain/visibility.py. All of them only read.

readonly FAMILIES='apps                 DeviceManagementApps.Read.All           7a6ee1e7-141e-4cec-ae74-d9db155731ff
configuration        DeviceManagementConfiguration.Read.All  dc377aa6-52d8-4e23-b271-2a7ae04cedf3
device_actions       DeviceManagementManagedDevices.Read.All 2f51be20-0bb4-4fed-bf7b-db946066c75e
scripts              DeviceManagementScripts.Read.All        c7a5be92-2b3d-4540-8a67-c96dcaae8b43
tenant_configuration DeviceManagementServiceConfig.Read.All  06a5fe6d-c49d-46a7-b082-56b1b14103c7
roles                DeviceManagementRBAC.Read.All           58ca0d9a-1575-47e1-a3cb-007ef2e4583b'

say() { printf '%s\n' "$*" >&2; }
stop() { say "$@"; exit 1; }

# The families that were asked for, as ",apps,roles,"; empty: all, which is the recommended set.
families=

# Takes the words of one option: --minimal, or --families and its list. Twice is a mistake that `usage` tells.
choose() {
    local name known names
    [[ -z $families ]] || usage
    case $1 in
        --minimal) families=,roles, ;;
        --families)
            known=$(awk '{ printf "%s%s", (NR > 1 ? ", " : ""), $1 }' <<<"$FAMILIES")
            IFS=, read -ra names <<<"${2-}"
            ((${#names[@]})) || stop "--families takes some of these, with commas between: $known."
            for name in "${names[@]}"; do
                [[ ", $known, " == *", $name, "* && $name != *[!a-z_]* && -n $name ]] ||
                    stop "There is no family of requests \"$name\". Known are: $known."
            done
            families=,$2,
            ;;
    esac
}

# Whether a family was asked for.
is_chosen() {
    [[ -z $families || $families == *",$1,"* ]]
}
