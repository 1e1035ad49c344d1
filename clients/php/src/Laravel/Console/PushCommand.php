<?php

declare(strict_types=1);

namespace Cognate\Laravel\Console;

use Cognate\Laravel\Connections;
use Cognate\Laravel\Definitions;
use Cognate\Laravel\Outbox;
use Cognate\Laravel\Reconciler;
use Cognate\Laravel\Worker;

/** Sends the outbox now; before it, on request, captures what nobody saw. */
final class PushCommand extends Command
{
    protected $signature = 'cognate:push
        {models?* : Models to compare with what was captured last, by class or name}
        {--all : Compare; without models: all of them}
        {--no-send : Only capture}';
    protected $description = 'Send captured changes; with --all first compare records with what was captured last';

    public function handle(Definitions $definitions, Reconciler $reconciler, Worker $worker, Outbox $outbox, Connections $connections): int
    {
        $named = (array) $this->argument('models');
        $chosen = [];
        foreach ($named as $word) {
            $definition = $definitions->find($word);
            if ($definition === null) {
                $this->complain('push.unknown', ['model' => $word, 'known' => implode(', ', array_keys($definitions->all()))]);
                return self::INVALID;
            }
            $chosen[] = $definition;
        }
        if ($chosen === [] && $this->option('all')) {
            $chosen = array_values($definitions->all());
        }
        foreach ($chosen as $definition) {
            $found = $reconciler->reconcile($definition);
            $this->say('push.compared', ['model' => $definition->name, 'created' => $found->created, 'updated' => $found->updated, 'deleted' => $found->deleted, 'unchanged' => $found->unchanged]);
        }
        if ($this->option('no-send')) {
            return self::SUCCESS;
        }
        $report = $worker->push(3600.0);
        if ($report->obstacle !== '') {
            $this->say('work.busy', ['why' => $report->obstacle]);
        }
        $pending = 0;
        foreach ($connections->all() as $connection) {
            $pending += $outbox->count($connection)['pending'];
        }
        $this->say('push.sent', ['sent' => $report->sent, 'pending' => $pending]);
        return self::SUCCESS;
    }
}
