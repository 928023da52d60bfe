import type { Diagnosis } from '../native/diagnosis.js'
import { bytes } from './numbers.js'

/** What `qnative doctor` prints. */
export function diagnosisText(diagnosis: Diagnosis): string {
  const { node, addon, cpu, isas, isa, threads, memory } = diagnosis
  const lines = [
    `qnative   ${diagnosis.qnative}`,
    `node      ${node.version} (needs ${node.required}), Node-API ${node.napi}`,
    `platform  ${diagnosis.platform}`,
    addon.loaded
      ? `addon     ${addon.path}, API ${addon.apiVersion}`
      : `addon     not loaded: ${addon.error}`,
    `cpu       ${cpu}`,
    ...isas.map(
      ({ name, usable, emulated, reason }) =>
        `  ${name.padEnd(10)}${usable ? (emulated ? 'usable, through SIMDe (a build for tests)' : 'usable') : `not usable: ${reason}`}`,
    ),
    isa.chosen === null ? `isa       none: ${isa.reason}` : `isa       ${isa.chosen}: ${isa.reason}`,
    `threads   ${threads.used} of ${threads.logical}: ${threads.reason}`,
    `memory    ${bytes(memory.total)}${memory.available === null ? '' : `, ${bytes(memory.available)} available`}`,
  ]
  if (!addon.loaded) lines.push(`fix       ${addon.fix}`)
  return lines.join('\n')
}
