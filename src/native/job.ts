import type { Job, Progress } from './face.js'

export interface JobOptions {
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: Progress | undefined
}

/**
 * Awaits native work under an AbortSignal.
 * @throws the signal's reason when it was aborted, else the job's error
 */
export async function finish<T>(
  start: (onProgress?: Progress) => Job<T>,
  options: JobOptions = {},
): Promise<T> {
  const { signal, onProgress } = options
  signal?.throwIfAborted()
  const job = start(onProgress)
  const cancel = () => job.cancel()
  signal?.addEventListener('abort', cancel, { once: true })
  try {
    return await job.promise
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  } finally {
    signal?.removeEventListener('abort', cancel)
  }
}
