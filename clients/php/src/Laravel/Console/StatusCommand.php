<?php

declare(strict_types=1);

namespace Cognate\Laravel\Console;

use Cognate\Client\Exception\CognateException;
use Cognate\Laravel\Connections;
use Cognate\Laravel\Files\FilePlaces;
use Cognate\Laravel\Files\FileWaits;
use Cognate\Laravel\Hub;
use Cognate\Laravel\Options;
use Cognate\Laravel\Outbox;
use Cognate\Laravel\Settings;
use Cognate\Laravel\WorkerLock;
use Cognate\V1\GroupTroublesRequest;
use Cognate\V1\PlacementState;
use Cognate\V1\RecordKey;
use Cognate\V1\ReplicaState;
use Cognate\V1\TroubleFilter;

/** How it stands, here and at the hub. */
final class StatusCommand extends Command
{
    protected $signature = 'cognate:status {--json : As JSON} {--no-hub : Without asking the hub}';
    protected $description = 'Show what waits to be sent, what was refused, and how the hub can be reached';

    public function handle(Connections $connections, Outbox $outbox, Settings $settings, WorkerLock $lock, Hub $hub, Options $options, FilePlaces $places, FileWaits $waits): int
    {
        $pending = $refused = 0;
        $oldest = null;
        $reasons = [];
        foreach ($connections->all() as $connection) {
            $count = $outbox->count($connection);
            $pending += $count['pending'];
            $refused += $count['refused'];
            $oldest = max($oldest ?? 0.0, $count['oldest'] ?? 0.0);
            foreach ($outbox->refused($connection, 5) as $row) {
                $reasons[] = "$row->model $row->localId: $row->error";
            }
        }
        $worked = $settings->get('worked');
        $state = [
            'platform' => $options->platform,
            'pending' => $pending,
            'oldest_seconds' => $pending === 0 ? null : round((float) $oldest, 1),
            'refused' => $refused,
            'refusals' => $reasons,
            'worked' => $worked === null ? null : (int) $worked,
            'worker' => $lock->holder(),
            'error' => $settings->get('error'),
        ];
        $hasFiles = $places->any();
        if ($hasFiles) {
            $state['files'] = $waits->count();
        }
        $ok = true;
        if (!$this->option('no-hub')) {
            [$state['hub'], $state['troubles'], $ok] = $this->askHub($hub);
            if ($hasFiles && $ok) {
                $state['files'] += $this->missing($hub);
            }
        }
        $this->option('json') ? $this->line((string) json_encode($state, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE)) : $this->show($state);
        return $ok ? self::SUCCESS : self::FAILURE;
    }

    /** @return array{to_send: int, to_fetch: int}|array{} of the first thousand */
    private function missing(Hub $hub): array
    {
        $count = ['to_send' => 0, 'to_fetch' => 0];
        try {
            foreach ($hub->missing(1000, '')->getPlacements() as $placement) {
                $count[$placement->getState() === PlacementState::PLACEMENT_STATE_LACKING ? 'to_send' : 'to_fetch']++;
            }
        } catch (CognateException) {
            // What the doctor says.
            return [];
        }
        return $count;
    }

    /** @return array{string, list<string>, bool} */
    private function askHub(Hub $hub): array
    {
        try {
            $choice = $hub->client()->transportChoice();
            $troubles = [];
            $filters = [
                (new TroubleFilter())->setPlatform($hub->platform()),
                (new TroubleFilter())->setSource((new RecordKey())->setPlatform($hub->platform())),
            ];
            foreach ($filters as $filter) {
                foreach ($hub->client()->feedback()->groupTroubles((new GroupTroublesRequest())->setFilter($filter))->getGroups() as $group) {
                    $state = substr(ReplicaState::name($group->getState()), strlen('REPLICA_STATE_'));
                    $troubles[] = "{$group->getCount()} $state on {$group->getPlatform()}, {$group->getReason()}: {$group->getSampleMessage()}";
                }
            }
            return [$this->words('status.reached', ['transport' => $choice->name]), array_values(array_unique($troubles)), true];
        } catch (CognateException $error) {
            return [$this->words('status.unreachable', ['why' => $error->getMessage()]), [], false];
        }
    }

    /** @param array<string, mixed> $state */
    private function show(array $state): void
    {
        $ago = fn (?int $time): string => $time === null ? $this->words('status.never') : $this->words('status.ago', ['seconds' => time() - $time]);
        $rows = [
            [$this->words('status.platform'), $state['platform']],
            [$this->words('status.pending'), $state['pending']],
        ];
        if ($state['oldest_seconds'] !== null) {
            $rows[] = [$this->words('status.oldest'), $this->words('status.ago', ['seconds' => $state['oldest_seconds']])];
        }
        $rows[] = [$this->words('status.refused'), $state['refused']];
        $rows[] = [$this->words('status.worked'), $ago($state['worked'])];
        $rows[] = [$this->words('status.worker'), $state['worker'] ?? $this->words('status.nobody')];
        if (isset($state['files'])) {
            $rows[] = [$this->words('status.files'), $this->words('status.files_here', ['absent' => $state['files']['absent'], 'refused' => $state['files']['refused']])];
        }
        if (isset($state['files']['to_send'])) {
            $rows[] = [$this->words('status.files_hub'), $this->words('status.files_due', ['to_send' => $state['files']['to_send'], 'to_fetch' => $state['files']['to_fetch']])];
        }
        if ($state['error'] !== null) {
            $rows[] = [$this->words('status.error'), $state['error']];
        }
        if (isset($state['hub'])) {
            $rows[] = [$this->words('status.hub'), $state['hub']];
            $rows[] = [$this->words('status.troubles'), $state['troubles'] === [] ? $this->words('status.none') : implode("\n", $state['troubles'])];
        }
        $this->table([], $rows);
        foreach ([...$state['refusals'], ...$state['files']['why'] ?? []] as $refusal) {
            $this->line("  $refusal");
        }
    }
}
