/** Results as the library gives them, for tests of how they are shown. */
import type { KernelResult } from '../../src/bench/kernel-bench.js'
import type { ModelBenchResult } from '../../src/bench/model-bench.js'
import type { LambadaResult } from '../../src/tasks/lambada/result.js'

export function lambadaResult(changes: Partial<LambadaResult> = {}): LambadaResult {
  return {
    model: '/models/small',
    bits: 'f32',
    method: 'none',
    groupSize: null,
    symmetric: null,
    head: 'f32',
    activations: 'f32',
    reference: '/models/small',
    n: 300,
    acc: 0.95,
    accStderr: 0.0126,
    perplexity: 1.5,
    perplexityStderr: 0.1,
    top1First: 0.95,
    top5First: 0.99,
    sameTop1: 1,
    sameTop1Stderr: 0,
    meanKl: 0,
    meanKlStderr: 0,
    truncated: 0,
    tokens: 18_000,
    seconds: 2,
    tokensPerSecond: 9000,
    weightBytes: 4 * 2 ** 20,
    bitsPerWeight: 32,
    kernels: [
      { op: 'linear', kernel: 'linear_f32_f32_avx2', calls: 29 },
      { op: 'rmsnorm', kernel: 'rmsnorm_avx2', calls: 9 },
    ],
    ...changes,
  }
}

export function modelBenchResult(changes: Partial<ModelBenchResult> = {}): ModelBenchResult {
  return {
    model: '/models/small',
    test: 'pp256',
    phase: 'prefill',
    bits: 'f32',
    head: 'f32',
    activations: 'f32',
    tokens: 256,
    medianNs: 256e5,
    madNs: 1e5,
    minNs: 255e5,
    samplesNs: [256e5],
    tokensPerSecond: 10_000,
    weightBytes: 4 * 2 ** 20,
    ...changes,
  }
}

export function kernelResult(changes: Partial<KernelResult> = {}): KernelResult {
  return {
    op: 'linear',
    kernel: 'linear_f32_f32_gemv_avx2',
    isa: 'avx2',
    bits: 'f32',
    activations: 'f32',
    m: 1,
    n: 4096,
    k: 512,
    medianNs: 8e6,
    madNs: 1e4,
    minNs: 79e5,
    samplesNs: [8e6],
    gbPerS: 10,
    gopPerS: 5,
    percentOfCeiling: 90.4,
    bound: 'memory',
    maxRelError: 1e-7,
    layers: 'head',
    source: 'dram',
    medianError: 0.01,
    stoppedBy: 'noise',
    ...changes,
  }
}
