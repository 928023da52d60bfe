import { Command } from 'commander'
import { diagnose } from '../native/diagnosis.js'
import { diagnosisText } from '../report/diagnosis.js'
import { jsonDocument } from '../report/document.js'

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('say what was found on this machine, what is used of it, and why not more')
    .option('--json', 'write one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  qnative doctor
  qnative doctor --json`,
    )
    .action(doctor)
}

function doctor(flags: { readonly json?: boolean }): void {
  const diagnosis = diagnose()
  const text = flags.json ? jsonDocument('doctor', {}, { results: [diagnosis] }) : diagnosisText(diagnosis)
  process.stdout.write(`${text}\n`)
  if (!diagnosis.usable) process.exitCode = 1
}
