<?php

declare(strict_types=1);

namespace Cognate\Client\Transport;

use Cognate\Client\CallOptions;
use Cognate\Client\Clock;
use Cognate\Client\Exception\Aborted;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Exception\DeadlineExceeded;
use Cognate\Client\Exception\ResourceExhausted;
use Cognate\Client\Exception\Unavailable;
use Cognate\Client\RetryPolicy;
use Cognate\Client\SystemClock;
use Cognate\Client\Transport;
use Google\Protobuf\Internal\Message;

/**
 * Tries unary calls again, within their time: after UNAVAILABLE if they are idempotent, and whenever the hub itself says when to come
 * again (RetryInfo). Streams are not tried again: whoever reads one knows where it was.
 */
final class RetryingTransport implements Transport
{
    /** @var \Closure(): float from 0 to 1 */
    private readonly \Closure $chance;

    /** @param (\Closure(): float)|null $chance */
    public function __construct(
        private readonly Transport $inner,
        private readonly float $defaultTimeout,
        private readonly RetryPolicy $policy = new RetryPolicy(),
        private readonly Clock $clock = new SystemClock(),
        ?\Closure $chance = null,
    ) {
        $this->chance = $chance ?? static fn (): float => random_int(0, 1 << 30) / (1 << 30);
    }

    public function name(): string
    {
        return $this->inner->name();
    }

    public function unary(string $method, Message $request, string $responseClass, CallOptions $options): Message
    {
        $options = $options->withRequestId();
        $timeout = $options->timeout ?? $this->defaultTimeout;
        $end = $this->clock->elapsed() + $timeout;
        $left = $timeout;
        for ($attempt = 1;; ++$attempt) {
            if ($options->beforeAttempt !== null) {
                ($options->beforeAttempt)();
            }
            try {
                return $this->inner->unary($method, $request, $responseClass, $options->withTimeout($left));
            } catch (CognateException $exception) {
                $delay = $this->delayAfter($exception, $attempt, $options);
                $left = $end - $this->clock->elapsed() - ($delay ?? 0.0);
                // What is left must be worth a call: the last error says more than a deadline that is over.
                if ($delay === null || $left < 0.001) {
                    throw $exception;
                }
                $this->clock->sleep($delay);
                $left = max(0.001, $end - $this->clock->elapsed());
            }
        }
    }

    public function serverStream(string $method, Message $request, string $responseClass, CallOptions $options): iterable
    {
        if ($options->beforeAttempt !== null) {
            ($options->beforeAttempt)();
        }
        return $this->inner->serverStream($method, $request, $responseClass, $options);
    }

    /** Seconds until the next attempt; null if there is none. */
    private function delayAfter(CognateException $exception, int $attempt, CallOptions $options): ?float
    {
        if ($attempt >= $this->policy->maxAttempts || $exception instanceof DeadlineExceeded || in_array($exception->reason, $options->final, true)) {
            return null;
        }
        $delay = $this->policy->delay($attempt, ($this->chance)());
        $isRefusal = $exception instanceof Unavailable || $exception instanceof ResourceExhausted || $exception instanceof Aborted;
        if ($exception->retryDelay !== null && $isRefusal) {
            // The hub has refused the call and says when: so it was not done.
            return $exception->retryDelay + $delay;
        }
        return $exception instanceof Unavailable && $options->idempotent === true ? $delay : null;
    }
}
