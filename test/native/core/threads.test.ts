import { spawnSync } from 'node:child_process'
import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'

// Plain JavaScript against the compiled library: what a program that uses the package would do.
const library = new URL('../../../dist/native/session.js', import.meta.url).href
const builder = new URL('../../../dist/program/builder.js', import.meta.url).href
const ops = new URL('../../../dist/program/ops.js', import.meta.url).href

/** Starts a run that would take minutes, says so, and then does `then`. */
const longRun = (then: string) => `
  const [{ Session }, { ProgramBuilder }, op] = await Promise.all([import('${library}'), import('${builder}'), import('${ops}')])
  const p = new ProgramBuilder('T')
  let x = p.input('x', 'f32', 'T', 64)
  for (let i = 0; i < 100_000; i++) x = op.add(p, 'double', x, x)
  p.output('y', x)
  const session = new Session(p.build(), new Map(), { threads: 2 })
  const running = session.run({ T: 65536 }, { x: new Float32Array(65536 * 64) })
  ${then}
  await running`

describe('a run in progress', () => {
  test('does not hold back process.exit()', () => {
    const code = longRun('setTimeout(() => process.exit(7), 50)')
    const { status, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      timeout: 30_000,
    })
    expect({ status, signal }).toEqual({ status: 7, signal: null })
  })

  test.runIf(process.platform !== 'win32')('is ended by Ctrl-C', () => {
    const code = longRun("setTimeout(() => process.kill(process.pid, 'SIGINT'), 50)")
    const { signal } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { timeout: 30_000 })
    expect(signal).toBe('SIGINT')
  })

  test('does not hold back worker.terminate(), and the process goes on', async () => {
    const parentPort = ";(await import('node:worker_threads')).parentPort"
    const code = longRun(`${parentPort}.postMessage('running')`)
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`))
    await new Promise((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
    })
    expect(await worker.terminate()).toBe(1)
    // The addon still works in this process, and in another worker.
    const second = new Worker(
      new URL(
        `data:text/javascript,${encodeURIComponent(`
      const { addon } = await import('${new URL('../../../dist/native/addon.js', import.meta.url).href}')
      ${parentPort}.postMessage(addon().environment().processors)`)}`,
      ),
    )
    const processors = await new Promise((resolve, reject) => {
      second.once('message', resolve)
      second.once('error', reject)
    })
    expect(processors).toBeGreaterThan(0)
    await second.terminate()
  })
})
