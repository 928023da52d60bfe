/** So many significant digits, without an exponent where that is readable: 1234.5 -> "1230" for 3. */
export function significant(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '-' : String(value)
  if (value !== 0 && (Math.abs(value) >= 1e7 || Math.abs(value) < 1e-4))
    return value.toExponential(digits - 1)
  const rounded = Number(value.toPrecision(digits))
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(rounded) || 1)))
  return rounded.toFixed(Math.min(decimals, 8))
}

/** So many decimals, and no sign before zeros: -0.00001 -> "0.0000" for 4. Of whatever may be negative. */
export function fixed(value: number, decimals: number): string {
  const text = value.toFixed(decimals)
  return Number(text) === 0 ? (0).toFixed(decimals) : text
}

/** In the largest binary unit that leaves a number of 1 or more: "85.5 MiB". */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let unit = 0
  let scaled = value
  while (scaled >= 1024 && unit < units.length - 1) {
    scaled /= 1024
    unit++
  }
  return `${unit === 0 ? scaled : scaled.toFixed(1)} ${units[unit]}`
}

export function percent(share: number, digits = 1): string {
  return Number.isNaN(share) ? '-' : `${fixed(100 * share, digits)} %`
}

/** 850 ns, 12.3 µs, 4.56 ms, 7.89 s. */
export function duration(nanoseconds: number): string {
  if (nanoseconds < 999.5) return `${nanoseconds.toFixed(0)} ns`
  if (nanoseconds < 999.5e3) return `${significant(nanoseconds / 1e3)} µs`
  if (nanoseconds < 999.5e6) return `${significant(nanoseconds / 1e6)} ms`
  return `${significant(nanoseconds / 1e9)} s`
}
