<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Closure;
use Cognate\Client\Exception\CognateException;

/**
 * Everything that needs the hub, in one loop: the catalogue, what is to be sent, what is to be written, what became of it. It ends by
 * itself, with SIGTERM after the batch in hand, and may be killed at any moment.
 */
final class Worker
{
    private const EVENTS_EVERY = 5.0;
    private const RENEW_EVERY = 10.0;
    private const MAX_BACKOFF = 15.0;
    private bool $stopped = false;

    public function __construct(
        private readonly Pusher $pusher,
        private readonly Puller $puller,
        private readonly Reporter $reporter,
        private readonly EventPump $pump,
        private readonly Catalogue $catalogue,
        private readonly WorkerLock $lock,
        private readonly Settings $settings,
        private readonly Options $options,
    ) {
    }

    /**
     * @param float $seconds how long; 0: until there is nothing left to do
     * @param float $idle how long to wait for deliveries while there is nothing to send; a change of here waits as long at most
     * @param Closure(string): void|null $say told what happens, in words
     */
    public function work(float $seconds, float $idle = 1.0, ?Closure $say = null): WorkReport
    {
        $report = new WorkReport();
        if (!$this->lock->acquire()) {
            $report->obstacle = 'another worker is at it (' . $this->lock->holder() . ')';
            return $report;
        }
        $this->listenToSignals();
        try {
            $this->loop($report, $seconds, $idle, $say ?? static fn (string $sentence) => null);
        } finally {
            $this->lock->release();
        }
        return $report;
    }

    /** Sends what is in the outbox, and nothing else. */
    public function push(float $seconds): WorkReport
    {
        $report = new WorkReport();
        if (!$this->lock->acquire()) {
            $report->obstacle = 'another worker is at it';
            return $report;
        }
        try {
            $this->catalogue->tellIfChanged();
            $this->reporter->catchUp();
            $until = microtime(true) + $seconds;
            do {
                $sent = $this->pusher->push();
                $report->sent += $sent;
            } while ($sent > 0 && microtime(true) < $until);
        } finally {
            $this->lock->release();
        }
        return $report;
    }

    /** Writes what is due here, and nothing else. */
    public function pull(float $seconds): WorkReport
    {
        $report = new WorkReport();
        if (!$this->lock->acquire()) {
            $report->obstacle = 'another worker is at it';
            return $report;
        }
        try {
            $this->catalogue->tellIfChanged();
            $this->reporter->catchUp();
            $until = microtime(true) + $seconds;
            do {
                $written = $this->puller->pull(0.5);
                $report->received += $written;
                $report->obstacle = $this->puller->obstacle;
            } while ($written > 0 && microtime(true) < $until);
        } finally {
            $this->lock->release();
        }
        return $report;
    }

    public function stop(): void
    {
        $this->stopped = true;
    }

    /** @param Closure(string): void $say */
    private function loop(WorkReport $report, float $seconds, float $idle, Closure $say): void
    {
        $until = microtime(true) + $seconds;
        $backoff = 0.0;
        $told = false;
        $pumped = $renewed = 0.0;
        do {
            try {
                if (!$told) {
                    $report->drifts = $this->catalogue->tellIfChanged();
                    $told = true;
                }
                $this->reporter->catchUp();
                $sent = $this->pusher->push();
                $left = $until - microtime(true);
                $written = $this->puller->pull($sent > 0 ? 0.0 : max(0.0, min($idle, $left)));
                $report->sent += $sent;
                $report->received += $written;
                $report->obstacle = $this->puller->obstacle;
                if ($this->options->events && ($sent + $written === 0 || microtime(true) - $pumped > self::EVENTS_EVERY)) {
                    if (microtime(true) - $pumped > self::EVENTS_EVERY || $seconds === 0.0) {
                        $report->events += $this->pump->pump();
                        $pumped = microtime(true);
                    }
                }
                if ($sent > 0 || $written > 0) {
                    $say("sent $sent, received $written");
                } elseif ($this->puller->obstacle !== '' && $left > $idle) {
                    $this->sleep($idle);
                }
                $backoff = 0.0;
                $isIdle = $sent + $written === 0;
            } catch (CognateException $error) {
                $report->error = ErrorReport::words($error);
                $say($report->error);
                // Nothing is lost by waiting; what cannot be mended by waiting is said at the end.
                $backoff = min(self::MAX_BACKOFF, max(0.5, $backoff * 2, (float) $error->retryDelay));
                if ($seconds === 0.0 || microtime(true) + $backoff >= $until) {
                    break;
                }
                $this->sleep($backoff);
                $isIdle = false;
                continue;
            }
            $report->error = '';
            if (microtime(true) - $renewed > self::RENEW_EVERY) {
                $renewed = microtime(true);
                $this->settings->set('worked', (string) time());
                if (!$this->lock->renew()) {
                    break;
                }
            }
        } while (!$this->stopped && ($seconds > 0.0 ? microtime(true) < $until : !$isIdle));
        $this->settings->set('worked', (string) time());
        $this->settings->set('error', $report->error === '' ? null : $report->error);
    }

    private function sleep(float $seconds): void
    {
        $until = microtime(true) + $seconds;
        while (!$this->stopped && ($left = $until - microtime(true)) > 0) {
            usleep((int) (min($left, 0.2) * 1_000_000));
        }
    }

    private function listenToSignals(): void
    {
        if (!function_exists('pcntl_async_signals')) {
            return;
        }
        pcntl_async_signals(true);
        foreach ([SIGTERM, SIGINT] as $signal) {
            pcntl_signal($signal, fn () => $this->stop());
        }
    }
}
