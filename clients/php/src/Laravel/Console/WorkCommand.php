<?php

declare(strict_types=1);

namespace Cognate\Laravel\Console;

use Cognate\Laravel\Options;
use Cognate\Laravel\Worker;

/** What the one line of cron runs. */
final class WorkCommand extends Command
{
    protected $signature = 'cognate:work
        {--max-seconds= : End after so many seconds; 0: when there is nothing left to do}
        {--idle=1 : Seconds to wait for deliveries while there is nothing to send}';
    protected $description = 'Send changes, write what other platforms have changed, and tell listeners what became of it';

    public function handle(Worker $worker, Options $options): int
    {
        $seconds = $this->option('max-seconds');
        $say = $this->output->isVerbose() ? fn (string $sentence) => $this->line($sentence) : null;
        $report = $worker->work($seconds === null ? (float) $options->maxSeconds : max(0.0, (float) $seconds), max(0.01, (float) $this->option('idle')), $say);
        foreach ($report->drifts as $drift) {
            $this->say('work.drift', ['sync' => $drift]);
        }
        if ($report->obstacle !== '' && $report->sent + $report->received === 0) {
            $this->say('work.busy', ['why' => $report->obstacle]);
        } else {
            $this->say('work.done', ['sent' => $report->sent, 'received' => $report->received]);
        }
        if ($report->error !== '') {
            $this->complain('work.failed', ['why' => $report->error]);
            return self::FAILURE;
        }
        return self::SUCCESS;
    }
}
