<?php

declare(strict_types=1);

namespace Cognate\Laravel\Console;

use Cognate\Laravel\Worker;

/** Writes what is due here now. */
final class PullCommand extends Command
{
    protected $signature = 'cognate:pull';
    protected $description = 'Write what other platforms have changed, now';

    public function handle(Worker $worker): int
    {
        $report = $worker->pull(3600.0);
        if ($report->obstacle !== '') {
            $this->say('work.obstacle', ['why' => $report->obstacle]);
        }
        $this->say('pull.done', ['received' => $report->received]);
        return self::SUCCESS;
    }
}
