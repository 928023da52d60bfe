// Codes of 4 and 2 bits, as files hold them: two or four a byte, the first in the lowest bits, every row from a whole byte on.

/** Bytes of a row of codes. */
export function packedBytes(bits: 4 | 2, columns: number): number {
  return Math.ceil((columns * bits) / 8)
}

/** @param codes [rows, columns], a byte each */
export function packCodes(codes: Uint8Array, bits: 4 | 2, rows: number, columns: number): Uint8Array {
  const width = packedBytes(bits, columns)
  const perByte = 8 / bits
  const packed = new Uint8Array(rows * width)
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < columns; k++) {
      const at = row * width + Math.floor(k / perByte)
      packed[at]! |= codes[row * columns + k]! << ((k % perByte) * bits)
    }
  }
  return packed
}

/** The inverse: [rows, columns], a byte each. */
export function unpackCodes(packed: Uint8Array, bits: 4 | 2, rows: number, columns: number): Uint8Array {
  const width = packedBytes(bits, columns)
  const perByte = 8 / bits
  const mask = 2 ** bits - 1
  const codes = new Uint8Array(rows * columns)
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < columns; k++) {
      const byte = packed[row * width + Math.floor(k / perByte)]!
      codes[row * columns + k] = (byte >> ((k % perByte) * bits)) & mask
    }
  }
  return codes
}
