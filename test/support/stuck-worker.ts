import { redisJobs } from '@keyledger/messaging'

/** `node stuck-worker.ts URL QUEUE`: takes a job, says so, and never ends it. For a test that kills it in the middle. */
const [url, queue] = process.argv.slice(2)
const jobs = await redisJobs({
  url: url!,
  queue: queue!,
  receipts: { of: (id) => id, good: () => true },
  lock: 500,
  handlers: {
    note: () => {
      console.log('taken')
      return new Promise(() => setInterval(() => undefined, 1000))
    },
  },
  onFault: (fault) => console.error(fault),
})
await jobs.schedule([{ id: 'stuck', name: 'note', at: 0, data: null }])
