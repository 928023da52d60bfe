import { mkdirSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { diagnosisText } from '../../src/report/diagnosis.js'
import { temporaryDirectory } from '../temporary.js'

const empty = temporaryDirectory()

/** A process that has not loaded the addon yet, with these variables set. */
async function freshDiagnosis(variables: Readonly<Record<string, string>>) {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value)
  vi.resetModules()
  const { diagnose } = await import('../../src/native/diagnosis.js')
  return diagnose()
}

afterEach(() => vi.unstubAllEnvs())

describe('with the addon', () => {
  test('everything is there', async () => {
    const diagnosis = await freshDiagnosis({ QNATIVE_ISA: '' })
    expect(diagnosis.usable).toBe(true)
    expect(diagnosis.addon).toMatchObject({ loaded: true, apiVersion: 1 })
    expect(diagnosis.isas[0]).toEqual({ name: 'reference', usable: true, reason: '', emulated: false })
    expect(diagnosis.isas.filter(({ usable }) => usable).at(-1)!.name).toBe(diagnosis.isa.chosen)
    for (const { usable, reason } of diagnosis.isas) expect(reason === '').toBe(usable)
    expect(diagnosis.threads.used).toBeGreaterThanOrEqual(1)
    expect(diagnosis.threads.used).toBeLessThanOrEqual(diagnosis.threads.logical)
    expect(diagnosis.memory.total).toBe(os.totalmem())
  })

  test('QNATIVE_ISA chooses', async () => {
    const { isa, usable } = await freshDiagnosis({ QNATIVE_ISA: 'reference' })
    expect(isa).toEqual({ chosen: 'reference', reason: 'QNATIVE_ISA=reference' })
    expect(usable).toBe(true)
  })

  test.each([
    ['mmx', 'QNATIVE_ISA=mmx is no instruction set that qnative knows'],
    [process.arch === 'arm64' ? 'avx2' : 'neon', 'is not usable: this'],
  ])('QNATIVE_ISA=%s cannot be had', async (name, reason) => {
    const { isa, usable } = await freshDiagnosis({ QNATIVE_ISA: name })
    expect(isa.chosen).toBe(null)
    expect(isa.reason).toContain(reason)
    expect(usable).toBe(false)
  })
})

describe('without the addon', () => {
  test('says so, how to get one, and what else there is', async () => {
    const diagnosis = await freshDiagnosis({ QNATIVE_PREBUILD: empty, QNATIVE_ISA: '' })
    expect(diagnosis.usable).toBe(false)
    expect(diagnosis.addon).toMatchObject({ loaded: false, path: null, fix: 'npx qnative build' })
    expect(diagnosis.isa).toEqual({ chosen: null, reason: 'the addon is not loaded' })
    expect(diagnosis.node.version).toBe(process.versions.node)
    const text = diagnosisText(diagnosis)
    expect(text).toContain('addon     not loaded: No native build was found for platform=')
    expect(text).toContain('fix       npx qnative build')
  })

  test('one that is broken is named with its path and the reason', async () => {
    const folder = path.join(empty, 'broken', 'build', 'Release')
    mkdirSync(folder, { recursive: true })
    const file = path.join(folder, 'qnative.node')
    writeFileSync(file, 'not a library')
    const { addon } = await freshDiagnosis({ QNATIVE_PREBUILD: path.dirname(path.dirname(folder)) })
    expect(addon).toMatchObject({ loaded: false, path: file })
    expect(addon.loaded ? '' : addon.error).toContain(file)
  })
})
