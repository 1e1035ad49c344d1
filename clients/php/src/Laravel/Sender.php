<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Closure;
use Illuminate\Contracts\Container\Container;
use Illuminate\Database\Connection;
use Illuminate\Database\ConnectionInterface;

/** Sees to it that captured changes are sent: by cron alone, at the end of the request, or by a job that is queued after the commit. */
final class Sender
{
    private bool $asked = false;
    private float $queuedAt = 0.0;

    public function __construct(private readonly Options $options, private readonly Container $container)
    {
    }

    public function captured(ConnectionInterface $connection): void
    {
        if ($this->asked || $this->options->send === 'cron') {
            return;
        }
        if ($this->options->send === 'terminating') {
            $this->asked = true;
            if (method_exists($this->container, 'terminating')) {
                $this->container->terminating(fn () => $this->send());
            }
            return;
        }
        $dispatch = function (): void {
            // Each change of a transaction asks, and one job sends them all.
            if (microtime(true) - $this->queuedAt < 0.02) {
                return;
            }
            $this->queuedAt = microtime(true);
            try {
                $job = new Jobs\SendChanges();
                $this->container->make('queue')->connection()->push($job, '', $this->options->queue);
            } catch (\Throwable $error) {
                $this->container->make(ErrorReport::class)->tell('the job that sends changes was not queued; cron sends them', $error);
            }
        };
        assert($connection instanceof Connection);
        $this->afterCommit($connection, $dispatch);
    }

    /** Sends what there is, for a short time. The response has left; what is left over is cron's. */
    public function send(): void
    {
        $this->asked = false;
        try {
            $this->container->make(Worker::class)->push($this->options->sendSeconds);
        } catch (\Throwable $error) {
            $this->container->make(ErrorReport::class)->tell('changes were not sent at the end of the request; cron sends them', $error);
        }
    }

    /** A transaction that is rolled back has nothing to send, and a job that is quicker than the commit finds nothing. */
    private function afterCommit(Connection $connection, Closure $dispatch): void
    {
        if ($connection->transactionLevel() > 0 && $this->container->bound('db.transactions')) {
            $connection->afterCommit($dispatch);
            return;
        }
        $dispatch();
    }
}
