import type { Mark } from '@keyledger/wire'

/** What a stage does to a request; a promise only where there is something to wait for. */
type Step<Request> = (request: Request) => void | Promise<void>

interface Traveller<Request> {
  readonly request: Request
  readonly mark: Mark | undefined
  readonly arrived: (request: Request) => void
  readonly failed: (error: unknown) => void
}

/** Milliseconds of walking in one turn of the event loop. Whoever is left then goes on in the next, so that nobody else is held up longer. */
const patience = 20

/**
 * Leads requests through the steps; resolves with the request after the last one, rejects with what a step threw.
 *
 * Requests that come in one turn of the event loop take each step together, one after the other, while its code is in the
 * processor's cache: with 64 clients a request costs a quarter less so than when each walks to its end alone. A step that has to
 * wait keeps nobody but its own request; those that wait for the same thing go on together.
 * @param now milliseconds of a clock that never goes back
 */
export const inCompany = <Request>(
  steps: readonly (readonly [stage: string, step: Step<Request>])[],
  now: () => number = () => performance.now(),
): ((request: Request, mark?: Mark) => Promise<Request>) => {
  type Company = Traveller<Request>[]
  /** By step: those who take it when this turn's last one has come. */
  const gathering: Company[] = steps.map(() => [])

  /** Those whom a turn was too short for. */
  let left: { readonly company: Company; readonly next: number }[] = []
  /** When this turn's patience ends; undefined until somebody walks in it. */
  let until: number | undefined

  const turn = (): void => {
    until = undefined
    const waiting = left
    left = []
    for (const { company, next } of waiting) walk(company, next)
  }
  const isOver = (): boolean => {
    if (until !== undefined) return now() > until
    until = now() + patience
    setImmediate(turn)
    return false
  }

  /** Takes the step; whether the next one can be taken at once. */
  const passes = (traveller: Traveller<Request>, next: number): boolean => {
    const { request, mark, failed } = traveller
    const [stage, step] = steps[next]!
    try {
      mark?.()
      const under = step(request)
      mark?.(stage)
      under?.then(() => join(traveller, next + 1), failed)
      return !under
    } catch (error) {
      failed(error)
      return false
    }
  }

  const walk = (company: Company, from: number): void => {
    let walking = company
    for (let next = from; next < steps.length && walking.length > 0; next++) {
      const passed: Company = []
      for (let at = 0; at < walking.length; at++) {
        if (isOver()) {
          left.push({ company: at === 0 ? walking : walking.slice(at), next })
          break
        }
        if (passes(walking[at]!, next)) passed.push(walking[at]!)
      }
      walking = passed
    }
    for (const { request, arrived } of walking) arrived(request)
  }

  const join = (traveller: Traveller<Request>, next: number): void => {
    if (next === steps.length) return traveller.arrived(traveller.request)
    if (gathering[next]!.push(traveller) > 1) return
    queueMicrotask(() => {
      const company = gathering[next]!
      gathering[next] = []
      walk(company, next)
    })
  }

  return (request, mark) =>
    new Promise((arrived, failed) => {
      join({ request, mark, arrived, failed }, 0)
    })
}
