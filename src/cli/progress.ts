// One line on stderr that says how far the work is: rewritten in place on a terminal, every 10 seconds elsewhere.

const LOG_INTERVAL_MS = 10_000
const REDRAW_INTERVAL_MS = 100

export class ProgressLine {
  readonly #terminal = process.stderr.isTTY === true && !process.env['CI'] && process.env['TERM'] !== 'dumb'
  readonly #start = performance.now()
  #last = Number.NEGATIVE_INFINITY
  #stage = ''
  #stageStart = this.#start
  #drawn = false

  /** @param stage what is being done, "score"; a new one restarts the estimate */
  update(stage: string, done: number, total: number): void {
    const now = performance.now()
    if (stage !== this.#stage) {
      this.#stage = stage
      this.#stageStart = now
    }
    const interval = this.#terminal ? REDRAW_INTERVAL_MS : LOG_INTERVAL_MS
    if (now - this.#last < interval && (done < total || !this.#terminal)) return
    // A short job says nothing where there is no terminal.
    if (!this.#terminal && now - this.#start < LOG_INTERVAL_MS) return
    this.#last = now
    const share = total > 0 ? done / total : 0
    const text = `${stage} ${Math.floor(share * 100)} %${this.#remaining(share, now)}`
    if (this.#terminal) {
      process.stderr.write(`\r\x1b[K${text}`)
      this.#drawn = true
    } else {
      process.stderr.write(`${text}\n`)
    }
  }

  /** A message on a line of its own. */
  say(message: string): void {
    this.clear()
    process.stderr.write(`${message}\n`)
  }

  /** Takes the line off the terminal. */
  clear(): void {
    if (this.#drawn) process.stderr.write('\r\x1b[K')
    this.#drawn = false
  }

  #remaining(share: number, now: number): string {
    const elapsed = (now - this.#stageStart) / 1000
    if (share <= 0.02 || share >= 1 || elapsed < 1) return ''
    const seconds = Math.ceil((elapsed / share) * (1 - share))
    return `, ${seconds < 90 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`} left`
  }
}
