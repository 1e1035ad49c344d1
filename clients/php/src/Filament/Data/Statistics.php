<?php

declare(strict_types=1);

namespace Cognate\Filament\Data;

use Cognate\Laravel\Connections;
use Cognate\Laravel\Outbox;
use Cognate\V1\GetHistoryRequest;
use Cognate\V1\GetStatsRequest;
use Cognate\V1\GroupTroublesRequest;
use Cognate\V1\HistoryStep;
use Cognate\V1\ReplicaState;

/** The numbers of the widgets. */
final class Statistics
{
    public const STEPS = ['minute', 'hour', 'day', 'week'];

    public function __construct(
        private readonly Connection $connection,
        private readonly PlatformRows $platforms,
        private readonly Connections $databases,
        private readonly Outbox $outbox,
    ) {
    }

    /** @return array{active: int, failing: int, paused: int, locked: int} */
    public function platforms(): array
    {
        $count = [PlatformRows::ACTIVE => 0, PlatformRows::FAILING => 0, PlatformRows::PAUSED => 0, PlatformRows::LOCKED => 0];
        foreach ($this->platforms->all() as $row) {
            $count[$row['state']]++;
        }
        return $count;
    }

    /**
     * What all targets took lately, and what is not there yet.
     *
     * @return array{minute: int, hour: int, day: int, week: int, behind: int}
     */
    public function throughput(): array
    {
        $sum = ['minute' => 0, 'hour' => 0, 'day' => 0, 'week' => 0, 'behind' => 0];
        foreach ($this->connection->client()->feedback()->getStats(new GetStatsRequest())->getTargets() as $target) {
            $sum['minute'] += (int) $target->getAppliedLastMinuteCount();
            $sum['hour'] += (int) $target->getAppliedLastHourCount();
            $sum['day'] += (int) $target->getAppliedLastDayCount();
            $sum['week'] += (int) $target->getAppliedLastWeekCount();
            $sum['behind'] += (int) $target->getSyncingCount() + (int) $target->getPendingCount();
        }
        return $sum;
    }

    /** @return array{dead: int, conflict: int, held: int, retry: int, waiting: int, oldest: string|null} `oldest`: since when the oldest of them is there */
    public function errors(): array
    {
        $sum = ['dead' => 0, 'conflict' => 0, 'held' => 0, 'retry' => 0, 'waiting' => 0, 'oldest' => null];
        foreach ($this->connection->client()->feedback()->groupTroubles(new GroupTroublesRequest())->getGroups() as $group) {
            $state = Rows::word(ReplicaState::name($group->getState()), 'REPLICA_STATE_');
            if (array_key_exists($state, $sum)) {
                $sum[$state] += (int) $group->getCount();
            }
            $oldest = Rows::time($group->getOldestTime());
            $sum['oldest'] = $oldest !== null && ($sum['oldest'] === null || $oldest < $sum['oldest']) ? $oldest : $sum['oldest'];
        }
        return $sum;
    }

    /**
     * What the hub does not have from here yet.
     *
     * @return array{pending: int, refused: int, seconds: int} `seconds`: how long the oldest of it waits
     */
    public function lag(): array
    {
        $lag = ['pending' => 0, 'refused' => 0, 'seconds' => 0];
        foreach ($this->databases->all() as $database) {
            $count = $this->outbox->count($database);
            $lag['pending'] += $count['pending'];
            $lag['refused'] += $count['refused'];
            $lag['seconds'] = max($lag['seconds'], (int) ($count['oldest'] ?? 0));
        }
        return $lag;
    }

    /**
     * @param string $step minute, hour, day or week
     * @return array{labels: list<string>, applied: list<int>, failed: list<int>} of all targets together, oldest first
     */
    public function history(string $step): array
    {
        $step = in_array($step, self::STEPS, true) ? $step : 'hour';
        $request = (new GetHistoryRequest())->setStep(HistoryStep::value('HISTORY_STEP_' . strtoupper($step)));
        $points = [];
        foreach ($this->connection->client()->event()->getHistory($request)->getPoints() as $point) {
            $time = (int) $point->getStartTime()?->getSeconds();
            $points[$time]['applied'] = ($points[$time]['applied'] ?? 0) + (int) $point->getAppliedCount();
            $points[$time]['failed'] = ($points[$time]['failed'] ?? 0) + (int) $point->getFailedCount() + (int) $point->getDeadCount();
        }
        ksort($points);
        $format = in_array($step, ['minute', 'hour'], true) ? 'H:i' : 'Y-m-d';
        return [
            'labels' => array_map(static fn (int $time): string => gmdate($format, $time), array_keys($points)),
            'applied' => array_column($points, 'applied'),
            'failed' => array_column($points, 'failed'),
        ];
    }
}
