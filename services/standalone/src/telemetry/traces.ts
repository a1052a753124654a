import {
  type Context,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  isSpanContextValid,
  trace,
} from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
import { Later } from '@keyledger/messaging'
import type { Mark } from '@keyledger/wire'
import type { Watch } from './watch.ts'

interface Options {
  /** `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly endpoint: string
  /** What the traces say of the process they are from. */
  readonly about: Readonly<Record<string, string>>
}

/** How long a batch may take to its collector, milliseconds: a process that ends waits so long for the last one. */
const patience = 3000

/** W3C Trace Context: whoever calls may have begun a trace that this request is part of. */
const parentOf = (traceparent: unknown): Context => {
  const [, traceId, spanId, flags] =
    (typeof traceparent === 'string' && /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/.exec(traceparent)) ||
    []
  if (!traceId || !spanId || !flags) return ROOT_CONTEXT
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED
  const parent = { traceId, spanId, traceFlags, isRemote: true }
  return isSpanContextValid(parent) ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT
}

/** Where the stages of a request ended, and its waits between them, in milliseconds of `performance.now`. */
type Marks = { readonly stage: string | undefined; readonly at: number }[]

/** A span for each request, with one for each of its stages, made when the request is over. */
const requests = (tracer: Tracer): Pick<Watch, 'stages' | 'answered'> => {
  const marksOf = new WeakMap<Mark, Marks>()
  return {
    stages: {
      begin: () => {
        const marks: Marks = []
        const mark: Mark = (stage) => void marks.push({ stage, at: performance.now() })
        marksOf.set(mark, marks)
        return mark
      },
    },
    answered: ({ mark, slots, headers, requestId, time }, status, began, ended) => {
      // The request's own clock says when; the monotonic one how long.
      const at = (moment: number) => time + Math.max(0, moment - began)
      const service = slots.eventSource?.split('.', 1)[0] ?? 'kms'
      const operation = slots.row ? slots.eventName! : 'Unknown'
      const span = tracer.startSpan(
        `${service}.${operation}`,
        {
          kind: SpanKind.SERVER,
          startTime: at(began),
          attributes: {
            'rpc.system': 'aws-api',
            'rpc.service': service,
            'rpc.method': operation,
            'http.response.status_code': status,
            'aws.request_id': requestId,
            ...(slots.region !== undefined && { 'cloud.region': slots.region }),
            ...(slots.error && { 'error.type': slots.error.code }),
          },
        },
        parentOf(headers['traceparent']),
      )
      if (span.isRecording()) {
        const within = trace.setSpan(ROOT_CONTEXT, span)
        let from = began
        for (const { stage, at: to } of (mark && marksOf.get(mark)) ?? []) {
          if (stage !== undefined) tracer.startSpan(stage, { startTime: at(from) }, within).end(at(to))
          from = to
        }
        if (status >= 500 || status === 0) span.setStatus({ code: SpanStatusCode.ERROR })
      }
      span.end(at(ended))
    },
  }
}

const job =
  (tracer: Tracer): NonNullable<Watch['job']> =>
  async ({ name }, run) => {
    const span = tracer.startSpan(`job.${name}`, { kind: SpanKind.CONSUMER }, ROOT_CONTEXT)
    try {
      await run()
    } catch (error) {
      span.setAttribute('error.type', error instanceof Error ? error.name : 'Error')
      if (!(error instanceof Later)) span.setStatus({ code: SpanStatusCode.ERROR })
      throw error
    } finally {
      span.end()
    }
  }

/**
 * OpenTelemetry traces of requests and jobs, sent by OTLP over HTTP in batches. A collector that is away costs spans, never a
 * request. This module is loaded only where an endpoint is configured. Sampling and headers are OpenTelemetry's own
 * variables (`OTEL_TRACES_SAMPLER`, `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_RESOURCE_ATTRIBUTES`).
 */
export const traces = ({ endpoint, about }: Options): Watch & AsyncDisposable => {
  const url = `${endpoint.replace(/\/$/, '')}/v1/traces`
  const provider = new NodeTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes(about))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url, timeoutMillis: patience }))],
  })
  const tracer = provider.getTracer('keyledger')
  return {
    ...requests(tracer),
    job: job(tracer),
    // What the collector did not take by now is lost, as it would be on any other day.
    [Symbol.asyncDispose]: () => provider.shutdown().catch(() => undefined),
  }
}
