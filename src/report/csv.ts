/** One record of a CSV file (RFC 4180, without its line break): quoted where need be, nothing for null. */
export function csvLine(values: readonly (string | number | boolean | null)[]): string {
  return values.map(field).join(',')
}

function field(value: string | number | boolean | null): string {
  if (value === null) return ''
  const text = String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
