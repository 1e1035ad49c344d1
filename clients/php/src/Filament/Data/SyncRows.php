<?php

declare(strict_types=1);

namespace Cognate\Filament\Data;

use Cognate\V1\GetStatsRequest;
use Cognate\V1\LeaveGuardState;
use Cognate\V1\ListSyncsRequest;
use Cognate\V1\Sync;
use Cognate\V1\SyncStats;
use Cognate\V1\SyncStatus;
use Illuminate\Pagination\LengthAwarePaginator;

/** The syncs with how many of their records are where. */
final class SyncRows
{
    public function __construct(private readonly Connection $connection)
    {
    }

    public function page(TableQuery $query): LengthAwarePaginator
    {
        $platform = $query->filter('platform');
        $status = $query->filter('status');
        $rows = array_values(array_filter($this->all(), static fn (array $row): bool => ($status === '' || $row['status'] === $status)
            && ($platform === '' || in_array($platform, [$row['source_platform'], $row['target_platform']], true))));
        return Rows::page($rows, $query, ['id', 'title', 'source', 'target', 'broken']);
    }

    /** @return list<array<string, mixed>> */
    public function all(): array
    {
        $client = $this->connection->client();
        $stats = [];
        foreach ($client->feedback()->getStats(new GetStatsRequest())->getSyncs() as $sync) {
            $stats[$sync->getSync()] = $sync;
        }
        $syncs = Rows::all(static function (string $token) use ($client): array {
            $answer = $client->platformRegistry()->listSyncs((new ListSyncsRequest())->setPageSize(1000)->setPageToken($token));
            return [$answer->getSyncs(), $answer->getNextPageToken()];
        });
        return array_map(static fn (Sync $sync): array => self::row($sync, $stats[$sync->getName()] ?? new SyncStats()), $syncs);
    }

    /** @return array<string, mixed> */
    private static function row(Sync $sync, SyncStats $stats): array
    {
        $id = (string) preg_replace('~^syncs/~', '', $sync->getName());
        $isHeld = $sync->getGuard()?->getState() === LeaveGuardState::LEAVE_GUARD_STATE_HELD;
        $total = (int) $stats->getTotalCount();
        return [
            'key' => $id,
            'id' => $id,
            'title' => $sync->getTitle() !== '' ? $sync->getTitle() : $id,
            'source_platform' => $sync->getSourcePlatform(),
            'target_platform' => $sync->getTargetPlatform(),
            'source' => $sync->getSourcePlatform() . ': ' . $sync->getSourceModel(),
            'target' => $sync->getTargetPlatform() . ': ' . $sync->getTargetModel(),
            'status' => match (true) {
                $sync->getStatus() === SyncStatus::SYNC_STATUS_PAUSED => 'paused',
                $sync->getBroken() !== '' => 'broken',
                $isHeld => 'held',
                default => 'active',
            },
            'broken' => $sync->getBroken(),
            'has_interval' => (int) $sync->getSchedule()?->getInterval()?->getSeconds() > 0,
            'total' => $total,
            'converged' => (int) $stats->getConvergedCount(),
            'pending' => (int) $stats->getPendingCount() + (int) $stats->getRetryCount() + (int) $stats->getWaitingCount() + (int) $stats->getHeldCount(),
            'failed' => (int) $stats->getConflictCount() + (int) $stats->getDeadCount(),
            'share' => $total === 0 ? null : (int) floor(100 * (int) $stats->getConvergedCount() / $total),
            'updated_at' => Rows::time($sync->getUpdateTime()),
            'etag' => $sync->getEtag(),
        ];
    }
}
