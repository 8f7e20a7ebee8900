import { createHash, timingSafeEqual } from 'node:crypto';
import type { Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import * as z from 'zod';
import { describeError } from '../errors.js';
import type { TriggerResult } from '../events/service-events.js';
import type { Logger } from '../report/logger.js';

export interface TriggerOptions {
  /** The secret that callers must send; if `undefined`, every call is refused, unless `isOpen`. */
  readonly token: string | undefined;
  /** Whether calls need no token, except those of web pages, which have an `Origin` header. */
  readonly isOpen: boolean;
  /** Starts a run. Returns `false` if one is in progress, or if the service is stopping. */
  readonly start: (options: { readonly forceReprocess: boolean }) => Promise<boolean>;
  readonly onResult: (result: TriggerResult) => void;
  readonly logger: Logger;
}

export interface TriggerRouteOptions extends TriggerOptions {
  /** Whether another extractor works in the data folder: only that one can start a run. */
  readonly isStandby: () => boolean;
}

const MAX_BODY_BYTES = 1024;

/** Lower bound of the time between two warnings: refused calls must not fill the log. */
const MIN_WARNING_INTERVAL_MS = 10_000;

const FIELDS = { force_reprocess: z.boolean().default(false) };
const StrictBody = z.strictObject(FIELDS);
const LooseBody = z.object(FIELDS);

/** What a body asks for, or the status of the response that refuses it, and why. */
type ParsedBody = { readonly forceReprocess: boolean } | { readonly status: 400 | 415 | 422; readonly error: string };

/**
 * Adds `POST /trigger`: 202; 403 without the right token; 409 during a run or on a standby; 400 or 413 for an invalid body. If it is
 * open, bodies are read as the platform's extractor reads them, with 415 and 422 in addition; see docs/http.md.
 */
export const addTriggerRoute = (app: Hono, options: TriggerRouteOptions): void => {
  const { token, isOpen, start, isStandby, onResult, logger } = options;
  let warnedAt = Number.NEGATIVE_INFINITY;

  const refuse = (context: Context, message: string): Response => {
    onResult('refused');
    const now = performance.now();
    if (now - warnedAt >= MIN_WARNING_INTERVAL_MS) {
      warnedAt = now;
      logger.warn({ code: 'TRIGGER_REFUSED' }, `⚠️ POST /trigger was refused: ${message}`);
    }
    return context.json({ status: 'forbidden', error: message }, 403);
  };

  app.post(
    '/trigger',
    async (context, next) => {
      if (token !== undefined && isToken(context.req.header('Authorization'), token)) return next();
      const isOfPage = context.req.header('Origin') !== undefined;
      if (isOpen && !isOfPage) return next();
      if (isOpen) return refuse(context, 'TRIGGER_OPEN does not allow requests of web pages (Origin header)');
      return refuse(
        context,
        token === undefined
          ? 'TRIGGER_TOKEN is not set; set it to allow triggered runs'
          : 'send the header "Authorization: Bearer TOKEN" with the right token',
      );
    },
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: (context) => {
        onResult('invalid');
        return context.json({ status: 'invalid', error: `the body is over ${MAX_BODY_BYTES} bytes` }, 413);
      },
    }),
    async (context) => {
      const text = await context.req.text().catch((error: unknown) => {
        // The client closed the connection in the middle of its request.
        logger.debug({ error: describeError(error) }, 'POST /trigger: the client has gone');
        return undefined;
      });
      const body = isOpen ? parseAsPlatform(context.req.header('Content-Type'), text) : parseBody(text);
      if ('error' in body) {
        onResult('invalid');
        return context.json({ status: 'invalid', error: body.error }, body.status);
      }
      const { forceReprocess: force_reprocess } = body;
      if (isStandby()) {
        onResult('running');
        return context.json({ status: 'standby', error: 'call the extractor that works in the data folder' }, 409);
      }
      if (!(await start({ forceReprocess: force_reprocess }))) {
        onResult('running');
        return context.json({ status: 'already_running' }, 409);
      }
      onResult('accepted');
      logger.info({ force_reprocess }, '🚀 A run was triggered over HTTP');
      return context.json({ status: 'started', force_reprocess }, 202);
    },
  );
};

const EXPECTED = 'the body must be empty or {"force_reprocess": true or false}';

const parseJson = (text: string | undefined): unknown => {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
};

const parseBody = (text: string | undefined): ParsedBody => {
  const { success, data } = StrictBody.safeParse(text?.trim() === '' ? {} : parseJson(text));
  return success ? { forceReprocess: data.force_reprocess } : { status: 400, error: EXPECTED };
};

/** Without a content type, the platform's extractor does not look at the body; it ignores fields that it does not know. */
const parseAsPlatform = (contentType: string | undefined, text: string | undefined): ParsedBody => {
  if (contentType === undefined) return { forceReprocess: false };
  if (!/^application\/([^;]+\+)?json *(;|$)/i.test(contentType)) {
    return { status: 415, error: `the content type must be application/json, not ${contentType}` };
  }
  const value = parseJson(text);
  if (value === undefined) return { status: 400, error: 'the body is not JSON' };
  const { success, data } = LooseBody.safeParse(value);
  return success ? { forceReprocess: data.force_reprocess } : { status: 422, error: EXPECTED };
};

/** Takes the same time for every token: digests have one length, and are compared completely. */
const isToken = (header: string | undefined, token: string): boolean => {
  const [, given] = /^Bearer +(\S.*)$/i.exec(header ?? '') ?? [];
  return timingSafeEqual(digest(given?.trim() ?? ''), digest(token)) && given !== undefined;
};

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
