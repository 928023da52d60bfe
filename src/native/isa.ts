import { addon } from './addon.js'
import type { Isa } from './face.js'

/** What was asked for is not usable on this computer: the CLI's exit code 3. */
export class UnusableError extends Error {
  override name = 'UnusableError'
}

/**
 * The ISA to force: `requested` (the --isa option), else the environment variable QNATIVE_ISA, else none.
 * @throws RangeError for an unknown name, UnusableError for one that this CPU or build lacks
 */
export function forcedIsa(requested?: string): Isa | undefined {
  const name = requested ?? process.env['QNATIVE_ISA']
  if (name === undefined || name === '') return undefined
  const { isas } = addon().environment()
  const status = isas.find((isa) => isa.name === name)
  if (!status) {
    const known = isas.map((isa) => isa.name).join(', ')
    throw new RangeError(`unknown ISA '${name}' (expected one of ${known})`)
  }
  if (!status.usable) throw new UnusableError(`ISA ${name} is not usable here: ${status.reason}`)
  return status.name
}
