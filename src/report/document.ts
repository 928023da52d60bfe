import os from 'node:os'
import { addon } from '../native/addon.js'
import type { Isa } from '../native/face.js'
import { packageJson } from '../native/package.js'

/** Of every document: grows when a field changes its meaning or goes away. */
export const SCHEMA_VERSION = 1

/** Where and by what a result was made. */
export interface DocumentEnvironment {
  readonly qnative: string
  readonly node: string
  /** "linux-x64" */
  readonly platform: string
  readonly cpu: string
  /** Of commands that compute: the instruction set, forced or the best one, and the number of threads. */
  readonly isa?: Isa
  readonly threads?: number
  /** Whether a quantized network may leave out roundings between fused steps; absent: it may not. */
  readonly relaxed?: boolean
  /** Bytes of the whole machine. */
  readonly memory: number
  /** ISO 8601, UTC. */
  readonly time: string
}

/** What a command computed with; empty for a command that computes nothing. */
export interface DocumentCompute {
  readonly threads?: number
  readonly isa?: Isa | undefined
  readonly relaxed?: boolean
}

export function documentEnvironment({ threads, isa, relaxed }: DocumentCompute): DocumentEnvironment {
  return {
    qnative: packageJson.version,
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    ...(threads !== undefined && { isa: isa ?? addon().environment().bestIsa, threads }),
    ...(relaxed && { relaxed }),
    memory: os.totalmem(),
    time: new Date().toISOString(),
  }
}

/** The JSON that a command writes: schemaVersion, command and environment before its own fields. */
export function jsonDocument(command: string, compute: DocumentCompute, fields: object): string {
  const document = {
    schemaVersion: SCHEMA_VERSION,
    command,
    environment: documentEnvironment(compute),
    ...fields,
  }
  return JSON.stringify(document, null, 2)
}
