import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { Metrics } from './registry.ts'

const nanoseconds = 1e9
/** Milliseconds between two looks at how late the event loop is. */
const resolution = 20

/** How much of the machine this process uses, and how late it is: the saturation that all services of it share. */
export const processMetrics = (metrics: Metrics): Disposable => {
  const delay = monitorEventLoopDelay({ resolution })
  delay.enable()
  let since = performance.eventLoopUtilization()
  const gauge = (name: string, help: string, value: () => number) =>
    metrics.family({ name, help, type: 'gauge', values: () => [{ value: value() }] })

  gauge('process_resident_memory_bytes', 'Memory of the process.', () => process.memoryUsage.rss())
  gauge('nodejs_heap_size_used_bytes', 'JavaScript heap in use.', () => process.memoryUsage().heapUsed)
  gauge('nodejs_heap_size_total_bytes', 'JavaScript heap.', () => process.memoryUsage().heapTotal)
  gauge('nodejs_external_memory_bytes', 'Memory outside the heap that JavaScript holds.', () => {
    const { external, arrayBuffers } = process.memoryUsage()
    return external + arrayBuffers
  })
  gauge(
    'nodejs_eventloop_utilization',
    'Part of the time since the last scrape in which the event loop was busy.',
    () => {
      const now = performance.eventLoopUtilization()
      const { utilization } = performance.eventLoopUtilization(now, since)
      since = now
      return utilization
    },
  )
  metrics.family({
    name: 'nodejs_eventloop_lag_seconds',
    help: 'How late the event loop was since the last scrape.',
    type: 'gauge',
    values: () => {
      // The histogram holds the whole interval; what exceeds it is lateness. Before its first tick it holds nothing.
      const late = (value: number) => (delay.count === 0 ? 0 : Math.max(0, value / nanoseconds - resolution / 1000))
      const values = [
        { labels: { quantile: '0.5' }, value: late(delay.percentile(50)) },
        { labels: { quantile: '0.99' }, value: late(delay.percentile(99)) },
        { labels: { quantile: '1' }, value: late(delay.max) },
      ]
      delay.reset()
      return values
    },
  })
  metrics.family({
    name: 'process_cpu_seconds_total',
    help: 'Processor time used, in user and system mode.',
    type: 'counter',
    values: () => {
      const { user, system } = process.cpuUsage()
      return [{ value: (user + system) / 1e6 }]
    },
  })
  return { [Symbol.dispose]: () => void delay.disable() }
}
