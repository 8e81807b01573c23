// What is misspelt fails before anything is deployed, not in an app that then tells nobody.

func isMadeOf(text string, letters string) bool =>
  empty(filter(range(0, length(text)), at => !contains(letters, substring(text, at, 1))))

func hasLabels(text string) bool =>
  length(split(text, '.')) > 1 && empty(filter(split(text, '.'), label => empty(label)))

func isDomain(text string) bool => hasLabels(text) && isMadeOf(toLower(text), 'abcdefghijklmnopqrstuvwxyz0123456789-.')

@export()
@description('Whether it is spelt as the id of a tenant.')
func isId(text string) bool =>
  join(map(split(text, '-'), part => string(length(part))), '-') == '8-4-4-4-12' && isMadeOf(
    toLower(text),
    '0123456789abcdef-'
  )

@export()
@description('Whether a tenant is spelt as its id or a domain name of it.')
func isTenant(text string) bool => isId(text) || isDomain(text)

@export()
@description('Whether it is a mail address alone: no name before it, and not two in one.')
func isMail(text string) bool =>
  contains(text, '@') && length(split(text, ['@', ' ', '\t', '\n', ';', ':', '<', '>', '(', ')', '"'])) == 2 && !startsWith(
    text,
    '@'
  ) && hasLabels(last(split(text, '@')))

@export()
@description('The tenant. Fails where it is misspelt.')
func checkedTenant(tenant string) string =>
  isTenant(tenant) ? tenant : fail('tenantId: "${tenant}" is neither the id of a tenant nor a domain name')

@export()
@description('The mail address. Fails where it is misspelt.')
func checkedMail(address string) string =>
  isMail(address) ? address : fail('alarmEmails: "${address}" is no mail address; several are parted by commas')

@export()
@description('The range from its first address. One without a length is refused, since Azure would guess a wide one.')
func checkedRange(range string) string =>
  contains(range, '/')
    ? '${parseCidr(range).network}/${parseCidr(range).cidr}'
    : fail('"${range}" is no range such as 203.0.113.0/24')

// The number, or that of the name: names may be cut short, as in mon. -1: neither.
func numberOf(text string, lowest int, names string[]) int =>
  !empty(text) && length(text) < 10 && isMadeOf(text, '0123456789')
    ? int(text)
    : length(text) > 2 && contains(map(names, name => startsWith(name, toLower(text))), true)
        ? lowest + indexOf(map(names, name => startsWith(name, toLower(text))), true)
        : -1

func isRange(ends int[], lowest int, highest int) bool =>
  length(ends) < 3 && ends[0] >= lowest && ends[0] <= last(ends)! && last(ends)! <= highest

func isPart(parts string[], lowest int, highest int, names string[]) bool =>
  length(parts) < 3 && (length(parts) == 1 || numberOf(last(parts)!, 0, []) > 0) && (parts[0] == '*' || isRange(
    map(split(parts[0], '-'), end => numberOf(end, lowest, names)),
    lowest,
    highest
  ))

func isField(field string, lowest int, highest int, names string[]) bool =>
  empty(filter(split(field, ','), part => !isPart(split(part, '/'), lowest, highest, names)))

// Functions, since Azure documents that a function may not ask for a variable.
func months() string[] => [
  'january'
  'february'
  'march'
  'april'
  'may'
  'june'
  'july'
  'august'
  'september'
  'october'
  'november'
  'december'
]
func days() string[] => ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']

func columns() { lowest: int, highest: int, names: string[] }[] => [
  { lowest: 0, highest: 59, names: [] }
  { lowest: 0, highest: 59, names: [] }
  { lowest: 0, highest: 23, names: [] }
  { lowest: 1, highest: 31, names: [] }
  { lowest: 1, highest: 12, names: months() }
  { lowest: 0, highest: 6, names: days() }
]

func isColumn(field string, at int) bool =>
  isField(field, columns()[at].lowest, columns()[at].highest, columns()[at].names)

func isSchedule(fields string[]) bool =>
  length(fields) == length(columns()) && empty(filter(
    range(0, min(length(fields), length(columns()))),
    at => !isColumn(fields[at], at)
  ))

func fieldsOf(schedule string) string[] => filter(split(schedule, ' '), field => !empty(field))

func withSeconds(fields string[]) string[] => length(fields) == 5 ? concat(['0'], fields) : fields

@export()
@description('Whether the timer of the Functions host takes a schedule, as settings/schedule.py knows in full.')
func isNcrontab(schedule string) bool => isSchedule(withSeconds(fieldsOf(schedule)))

@export()
@description('The schedule, with one space between two fields. Fails where it is misspelt.')
func checkedSchedule(schedule string) string =>
  isNcrontab(schedule)
    ? join(fieldsOf(schedule), ' ')
    : fail('pollSchedule: "${schedule}" is no NCRONTAB, whose six fields are such as 0 */5 * * * *')
