<?php

declare(strict_types=1);

namespace Cognate\Filament\Data;

use Cognate\V1\Channel;
use Cognate\V1\GetStatsRequest;
use Cognate\V1\Lane;
use Cognate\V1\LaneState;
use Cognate\V1\ListLanesRequest;
use Cognate\V1\ListPlatformsRequest;
use Cognate\V1\Platform;
use Cognate\V1\PlatformKind;
use Cognate\V1\TargetStats;
use Illuminate\Pagination\LengthAwarePaginator;

/** The platforms with how it goes with them. */
final class PlatformRows
{
    public const ACTIVE = 'active';
    public const FAILING = 'failing';
    public const PAUSED = 'paused';
    public const LOCKED = 'locked';

    public function __construct(private readonly Connection $connection)
    {
    }

    public function page(TableQuery $query): LengthAwarePaginator
    {
        $rows = $this->all();
        $state = $query->filter('state');
        if ($state !== '') {
            $rows = array_values(array_filter($rows, static fn (array $row): bool => $row['state'] === $state));
        }
        return Rows::page($rows, $query, ['id', 'name', 'reason']);
    }

    /** @return list<array<string, mixed>> */
    public function all(): array
    {
        $client = $this->connection->client();
        $lanes = [];
        foreach ($client->delivery()->listLanes(new ListLanesRequest())->getLanes() as $lane) {
            $lanes[$lane->getPlatform()] = $lane;
        }
        $stats = [];
        foreach ($client->feedback()->getStats(new GetStatsRequest())->getTargets() as $target) {
            $stats[$target->getPlatform()] = $target;
        }
        return array_map(function (Platform $platform) use ($lanes, $stats): array {
            $id = self::id($platform->getName());
            return self::row($id, $platform, $lanes[$id] ?? null, $stats[$id] ?? new TargetStats());
        }, $this->platforms());
    }

    /** @return array<string, string> names by id */
    public function names(): array
    {
        $names = [];
        foreach ($this->platforms() as $platform) {
            $id = self::id($platform->getName());
            $names[$id] = $platform->getDisplayName() !== '' ? $platform->getDisplayName() : $id;
        }
        return $names;
    }

    /** @return list<Platform> */
    private function platforms(): array
    {
        return Rows::all(function (string $token): array {
            $answer = $this->connection->client()->platformRegistry()->listPlatforms((new ListPlatformsRequest())->setPageSize(1000)->setPageToken($token));
            return [$answer->getPlatforms(), $answer->getNextPageToken()];
        });
    }

    private static function id(string $name): string
    {
        return (string) preg_replace('~^platforms/~', '', $name);
    }

    /** @return array<string, mixed> */
    private static function row(string $id, Platform $platform, ?Lane $lane, TargetStats $stats): array
    {
        $state = match (true) {
            self::isLocked($platform) => self::LOCKED,
            $lane?->getState() === LaneState::LANE_STATE_CLOSED => self::FAILING,
            $lane?->getState() === LaneState::LANE_STATE_PAUSED => self::PAUSED,
            default => self::ACTIVE,
        };
        return [
            'key' => $id,
            'id' => $id,
            'name' => $platform->getDisplayName() !== '' ? $platform->getDisplayName() : $id,
            'kind' => Rows::word(PlatformKind::name($platform->getKind()), 'PLATFORM_KIND_'),
            'channel' => Rows::word(Channel::name($platform->getChannel()), 'CHANNEL_'),
            'state' => $state,
            'reason' => $state === self::LOCKED ? (string) $platform->getLock()?->getReason() : (string) $lane?->getError(),
            'locked_until' => Rows::time($platform->getLock()?->getExpireTime()),
            'syncing' => (int) $stats->getSyncingCount(),
            'pending' => (int) $stats->getPendingCount(),
            'completed' => (int) $stats->getCompletedCount(),
            'failed' => (int) $stats->getFailedCount(),
            'applied_last_hour' => (int) $stats->getAppliedLastHourCount(),
            'last_applied_at' => Rows::time($stats->getLastAppliedTime()) ?? Rows::time($lane?->getLastAppliedTime()),
            'etag' => $platform->getEtag(),
        ];
    }

    private static function isLocked(Platform $platform): bool
    {
        $lock = $platform->getLock();
        $end = $lock?->getExpireTime();
        return $lock !== null && ($end === null || (int) $end->getSeconds() > time());
    }
}
