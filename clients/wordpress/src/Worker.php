<?php

declare(strict_types=1);

namespace Cognate\WordPress;

use Cognate\Client\Exception\CognateException;
use Cognate\WordPress\Files\Fetcher;
use Cognate\WordPress\Files\Uploader;
use Cognate\WordPress\Kinds\AttachmentKind;
use Cognate\WordPress\Kinds\Kinds;
use Cognate\WordPress\Store\Facts;
use Cognate\WordPress\Store\WorkerLock;

/** Everything that needs the hub, in one loop: the catalogue, what is to be sent, files, what is to be written. It may be killed at any moment. */
final class Worker
{
    private const FILES_EVERY = 2.0;
    private const MAX_BACKOFF = 15.0;
    private bool $stopped = false;
    private float $asked = 0.0;
    /** No file is asked for before. */
    private float $filesFrom = 0.0;
    private string $filesError = '';

    public function __construct(
        private readonly Sender $sender,
        private readonly Receiver $receiver,
        private readonly Fetcher $fetcher,
        private readonly Uploader $uploader,
        private readonly Catalogue $catalogue,
        private readonly Kinds $kinds,
        private readonly Capture $capture,
        private readonly Facts $facts,
        private readonly WorkerLock $lock,
        private readonly Home $home,
    ) {
    }

    public function stop(): void
    {
        $this->stopped = true;
    }

    /**
     * @param float $seconds how long; 0: until there is nothing left to do
     * @param float $idle how long to wait for deliveries while there is nothing to send
     * @param (\Closure(string): void)|null $say told what happens, in words
     */
    public function work(float $seconds, float $idle = 1.0, ?\Closure $say = null): WorkReport
    {
        return $this->alone(fn (WorkReport $report) => $this->loop($report, $seconds, $idle, $say ?? static fn (string $sentence) => null));
    }

    /** Sends what has changed, and nothing else. */
    public function send(float $seconds): WorkReport
    {
        return $this->alone(function (WorkReport $report) use ($seconds): void {
            $until = microtime(true) + $seconds;
            $report->drifts = $this->catalogue->tellIfChanged();
            $this->receiver->catchUp($this->mayGoOn(...));
            do {
                $report->sent += $sent = $this->sender->send();
            } while ($sent > 0 && microtime(true) < $until && $this->mayGoOn());
        });
    }

    /** Writes what is due here, and nothing else. */
    public function receive(float $seconds): WorkReport
    {
        return $this->alone(function (WorkReport $report) use ($seconds): void {
            $until = microtime(true) + $seconds;
            $report->drifts = $this->catalogue->tellIfChanged();
            $this->receiver->catchUp($this->mayGoOn(...));
            do {
                $moved = $this->moveFiles($report, true);
                $report->received += $written = $this->receiver->receive(0.5, $this->mayGoOn(...));
                $report->obstacle = $this->receiver->obstacle;
                $report->error = $this->filesError;
            } while ($moved + $written > 0 && microtime(true) < $until && $this->mayGoOn());
        });
    }

    /** @param \Closure(WorkReport): void $work */
    private function alone(\Closure $work): WorkReport
    {
        $report = new WorkReport();
        $this->stopped = false;
        $report->obstacle = $this->home->obstacle();
        if ($report->obstacle !== '') {
            return $report;
        }
        if (!$this->lock->acquire()) {
            $report->obstacle = 'another worker is at it';
            return $report;
        }
        try {
            $work($report);
        } catch (CognateException $error) {
            $report->error = $error->getMessage();
        } finally {
            $this->lock->release();
            $this->facts->set('worked', (string) time());
            $this->facts->set('error', $report->error === '' ? null : $report->error);
        }
        return $report;
    }

    private function mayGoOn(): bool
    {
        return !$this->stopped && $this->lock->keeps();
    }

    /** @param \Closure(string): void $say */
    private function loop(WorkReport $report, float $seconds, float $idle, \Closure $say): void
    {
        $until = microtime(true) + $seconds;
        $backoff = 0.0;
        $isTold = false;
        do {
            $did = 'failed';
            try {
                if (!$isTold) {
                    $report->drifts = $this->catalogue->tellIfChanged();
                    $this->finish();
                    $isTold = true;
                }
                $did = $this->turn($report, $until, $idle, $seconds === 0.0);
                $did === '' || $say($did);
                $report->error = $this->filesError;
                $backoff = 0.0;
            } catch (CognateException $error) {
                // Nothing is lost by waiting; what cannot be mended by waiting is said at the end.
                $report->error = $error->getMessage();
                $say($report->error);
                $backoff = min(self::MAX_BACKOFF, max(0.5, $backoff * 2, (float) $error->retryDelay));
                if ($seconds === 0.0 || microtime(true) + $backoff >= $until) {
                    return;
                }
                $this->sleep($backoff);
            }
        } while ($this->mayGoOn() && ($seconds > 0.0 ? microtime(true) < $until : $did !== ''));
    }

    /** @return string what was done, in words; empty: nothing */
    private function turn(WorkReport $report, float $until, float $idle, bool $endsIdle): string
    {
        $mayGoOn = $this->mayGoOn(...);
        $this->receiver->catchUp($mayGoOn);
        $sent = $mayGoOn() ? $this->sender->send() : 0;
        $moved = $this->moveFiles($report, $endsIdle);
        $isBusy = $sent + $moved > 0 || $this->fetcher->isUnfinished;
        $wait = $isBusy ? 0.0 : max(0.0, min($idle, $until - microtime(true)));
        $written = $mayGoOn() ? $this->receiver->receive($endsIdle ? max($wait, 0.3) : $wait, $mayGoOn) : 0;
        // What plugins have changed of other records meanwhile.
        $this->capture->release();
        if ($this->receiver->obstacle !== '' && !$isBusy) {
            $this->sleep(min($idle, max(0.0, $until - microtime(true))));
        }
        $report->sent += $sent;
        $report->received += $written;
        $report->obstacle = $this->receiver->obstacle;
        return $isBusy || $written > 0 ? "sent $sent, received $written" . ($moved > 0 ? ", files $moved" : '') : '';
    }

    /** Records go on to travel while no file can. */
    private function moveFiles(WorkReport $report, bool $isAsked): int
    {
        $now = microtime(true);
        if ($now < $this->filesFrom || !($isAsked || $now - $this->asked > self::FILES_EVERY)) {
            return 0;
        }
        try {
            $moved = $this->fetcher->work($this->mayGoOn(...));
            $this->filesError = $this->uploader->error();
            $this->asked = $moved > 0 || $this->fetcher->isUnfinished ? 0.0 : microtime(true);
        } catch (CognateException $error) {
            $this->filesError = "no files travel: {$error->getMessage()}";
            $this->filesFrom = microtime(true) + max(self::FILES_EVERY, min(60.0, (float) $error->retryDelay));
            $this->fetcher->isUnfinished = false;
            return 0;
        }
        $report->files += $moved;
        return $moved;
    }

    /** Pictures in other sizes, whose worker died before they were made. */
    private function finish(): void
    {
        $kind = $this->kinds->named('post.attachment');
        foreach ($kind instanceof AttachmentKind ? $kind->unfinished(50) : [] as $localId) {
            $this->capture->without($kind->name(), $localId, static fn () => $kind->finish($localId));
        }
    }

    private function sleep(float $seconds): void
    {
        $until = microtime(true) + $seconds;
        while (!$this->stopped && ($left = $until - microtime(true)) > 0) {
            usleep((int) (min($left, 0.2) * 1_000_000));
        }
    }
}
