import { readFileSync, statSync } from 'node:fs'
import { expect, it } from 'vitest'
import { addon } from '../../../src/native/addon.js'
import type { FileRange } from '../../../src/native/face.js'
import { Session } from '../../../src/native/session.js'
import { ProgramBuilder } from '../../../src/program/builder.js'
import * as op from '../../../src/program/ops.js'
import { describeWithAssets, sharedAsset } from '../../shared.js'
import { load } from './loaded.js'
import { float16FromBits } from './reference.js'

const folder = 'gptq-vectors'
describeWithAssets('AutoGPTQ’s test vectors', [folder], () => {
  it('a 4-bit layer gives the published outputs', async () => {
    const path = (part: string) => sharedAsset(`${folder}/exllama_1024x1024.${part}`)
    const range = (part: string): FileRange => ({
      file: addon().openFile(path(part)),
      offset: 0,
      length: statSync(path(part)).size,
    })
    const bytes = (part: string) => new Uint8Array(readFileSync(path(part))).buffer
    const size = 1024
    const weight = await load(
      {
        kind: 'gptq',
        bits: 4,
        rows: size,
        cols: size,
        groupSize: 128,
        qweight: range('qweight.i32'),
        scales: { ...range('scales.f16'), type: 'F16' },
        qzeros: range('qzeros.i32'),
        zeroPoints: 'minus-one',
        gIdx: range('g_idx.i32'),
      },
      { kind: 'native' },
    )
    const p = new ProgramBuilder()
    p.output('y', op.linear(p, 'layer', p.input('x', 'f32', 1, size), p.weight('w', size, size)))
    const session = new Session(p.build(), new Map([['w', weight.handle]]), { threads: 1 })
    const x = Float32Array.from(new Uint16Array(bytes('input.f16')), float16FromBits)
    const { outputs } = await session.run({}, { x })
    session.close()
    const published = new Float32Array(bytes('reference.f32'))
    const differences = published.map((y, i) => Math.abs(y - outputs['y']!.data[i]!))
    // float16 rounding of the published outputs, which go up to 8.5.
    expect(Math.max(...differences)).toBeLessThan(0.005)
  })
})
