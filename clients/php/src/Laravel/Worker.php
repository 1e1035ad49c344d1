<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Closure;
use Cognate\Client\Exception\CognateException;
use Cognate\Laravel\Files\FileTraffic;

/**
 * Everything that needs the hub, in one loop: the catalogue, what is to be sent, what is to be written, what became of it. It ends by
 * itself, with SIGTERM after the batch in hand, and may be killed at any moment.
 */
final class Worker
{
    private const EVENTS_EVERY = 5.0;
    private const REMEMBER_EVERY = 10.0;
    private const MAX_BACKOFF = 15.0;
    private bool $stopped = false;
    private bool $lost = false;
    private float $pumped = 0.0;
    private string $pumpError = '';
    private float $filesFrom = 0.0;
    private string $filesError = '';

    public function __construct(
        private readonly Pusher $pusher,
        private readonly Puller $puller,
        private readonly Reporter $reporter,
        private readonly EventPump $pump,
        private readonly FileTraffic $files,
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
        return $this->alone(function (WorkReport $report) use ($seconds, $idle, $say): void {
            $this->listenToSignals();
            $this->loop($report, $seconds, $idle, $say ?? static fn (string $sentence) => null);
        });
    }

    /** Sends what is in the outbox, and nothing else. */
    public function push(float $seconds): WorkReport
    {
        return $this->alone(function (WorkReport $report) use ($seconds): void {
            $until = microtime(true) + $seconds;
            $this->prepare($report);
            do {
                $sent = $this->pusher->push($this->mayGoOn(...));
                $report->sent += $sent;
            } while ($sent > 0 && microtime(true) < $until && $this->mayGoOn());
        });
    }

    /** Writes what is due here, and nothing else. */
    public function pull(float $seconds): WorkReport
    {
        return $this->alone(function (WorkReport $report) use ($seconds): void {
            $until = microtime(true) + $seconds;
            $this->prepare($report);
            do {
                $written = $this->puller->pull(0.5, $this->mayGoOn(...));
                $report->received += $written;
                $report->obstacle = $this->puller->obstacle;
            } while ($written > 0 && microtime(true) < $until && $this->mayGoOn());
        });
    }

    public function stop(): void
    {
        $this->stopped = true;
    }

    /** @param Closure(WorkReport): void $work */
    private function alone(Closure $work): WorkReport
    {
        $report = new WorkReport();
        $this->lost = false;
        if (!$this->lock->acquire()) {
            $report->obstacle = 'another worker is at it (' . $this->lock->holder() . ')';
            return $report;
        }
        try {
            $work($report);
        } finally {
            $this->lock->release();
        }
        return $report;
    }

    /** Asked before each thing that takes long: whether the work is still this worker's. */
    private function mayGoOn(): bool
    {
        return !($this->lost = $this->lost || !$this->lock->keep());
    }

    private function prepare(WorkReport $report): void
    {
        $report->drifts = $this->catalogue->tellIfChanged();
        $this->reporter->catchUp($this->mayGoOn(...));
    }

    /** @param Closure(string): void $say */
    private function loop(WorkReport $report, float $seconds, float $idle, Closure $say): void
    {
        $until = microtime(true) + $seconds;
        $backoff = 0.0;
        $told = false;
        $remembered = 0.0;
        do {
            try {
                if (!$told) {
                    $report->drifts = $this->catalogue->tellIfChanged();
                    $told = true;
                }
                $did = $this->turn($report, $until, $idle);
                if ($did !== '') {
                    $say($did);
                } elseif ($report->obstacle !== '' && $until - microtime(true) > $idle) {
                    $this->sleep($idle);
                }
                $this->pump($report, $did === '', $seconds === 0.0, $say);
                $backoff = 0.0;
            } catch (CognateException $error) {
                $report->error = ErrorReport::words($error);
                $say($report->error);
                // Nothing is lost by waiting; what cannot be mended by waiting is said at the end.
                $backoff = min(self::MAX_BACKOFF, max(0.5, $backoff * 2, (float) $error->retryDelay));
                if ($seconds === 0.0 || microtime(true) + $backoff >= $until) {
                    break;
                }
                $this->sleep($backoff);
                $did = 'failed';
                continue;
            }
            $report->error = '';
            if (microtime(true) - $remembered > self::REMEMBER_EVERY) {
                $remembered = microtime(true);
                $this->settings->set('worked', (string) time());
            }
        } while (!$this->stopped && $this->mayGoOn() && ($seconds > 0.0 ? microtime(true) < $until : $did !== ''));
        $error = $report->error !== '' ? $report->error : ($this->filesError !== '' ? $this->filesError : $this->pumpError);
        $report->error = $error;
        $this->settings->set('worked', (string) time());
        $this->settings->set('error', $error === '' ? null : $error);
    }

    /** @return string what was done, in words; empty: nothing */
    private function turn(WorkReport $report, float $until, float $idle): string
    {
        $this->reporter->catchUp($this->mayGoOn(...));
        $sent = $this->pusher->push($this->mayGoOn(...));
        if (!$this->mayGoOn()) {
            $report->sent += $sent;
            return '';
        }
        $moved = $this->moveFiles($report);
        $wait = $sent + $moved > 0 || $this->files->isUnfinished ? 0.0 : max(0.0, min($idle, $until - microtime(true)));
        $written = $this->puller->pull($wait, $this->mayGoOn(...));
        $report->sent += $sent;
        $report->received += $written;
        $report->obstacle = $this->puller->obstacle;
        $isBusy = $sent + $written + $moved > 0 || $this->files->isUnfinished;
        return $isBusy ? "sent $sent, received $written" . ($moved > 0 ? ", files $moved" : '') : '';
    }

    /** Records go on to travel while no file can. */
    private function moveFiles(WorkReport $report): int
    {
        if (microtime(true) < $this->filesFrom) {
            return 0;
        }
        try {
            $moved = $this->files->move($this->mayGoOn(...));
            $this->filesError = $this->files->error;
        } catch (CognateException $error) {
            $this->filesError = 'no files travel: ' . ErrorReport::words($error);
            $this->filesFrom = microtime(true) + max(2.0, min(60.0, (float) $error->retryDelay));
            $this->files->isUnfinished = false;
            return 0;
        }
        $report->files += $moved;
        return $moved;
    }

    /** Every few seconds, and at the end of a run that ends by itself. Records go on to travel while nothing can be told of them. */
    private function pump(WorkReport $report, bool $isIdle, bool $endsIdle, Closure $say): void
    {
        if (!$this->options->events || (microtime(true) - $this->pumped < self::EVENTS_EVERY && !($isIdle && $endsIdle))) {
            return;
        }
        $this->pumped = microtime(true);
        try {
            $report->events += $this->pump->pump();
            $this->pumpError = '';
        } catch (CognateException $error) {
            $this->pumpError = 'nobody is told what became of records: ' . ErrorReport::words($error);
            $say($this->pumpError);
        }
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
