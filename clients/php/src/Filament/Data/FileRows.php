<?php

declare(strict_types=1);

namespace Cognate\Filament\Data;

use Cognate\V1\ListPlacementsRequest;
use Cognate\V1\Placement;
use Cognate\V1\PlacementState;
use Illuminate\Pagination\LengthAwarePaginator;

/** The files that targets' records are to have, and how they stand. */
final class FileRows
{
    private const PER_CALL = 1000;

    public function __construct(private readonly Connection $connection, private readonly PlatformRows $platforms)
    {
    }

    /** Of one platform, or of all: the first `Rows::MAX_LOOKED_AT`. */
    public function page(TableQuery $query): LengthAwarePaginator
    {
        $wanted = $query->filter('platform');
        $rows = [];
        foreach ($wanted === '' ? array_keys($this->platforms->names()) : [$wanted] as $platform) {
            $left = Rows::MAX_LOOKED_AT - count($rows);
            if ($left > 0) {
                array_push($rows, ...$this->of((string) $platform, self::stateOf($query->filter('state')), $left));
            }
        }
        return Rows::page($rows, $query, ['name', 'path', 'message', 'platform']);
    }

    /** @return list<array<string, mixed>> */
    private function of(string $platform, int $state, int $max): array
    {
        $placements = Rows::all(function (string $token) use ($platform, $state): array {
            $request = (new ListPlacementsRequest())->setPlatform($platform)->setState($state)->setPageSize(self::PER_CALL)->setPageToken($token);
            $answer = $this->connection->client()->fileTransfer()->listPlacements($request);
            return [$answer->getPlacements(), $answer->getNextPageToken()];
        }, $max);
        return array_map([self::class, 'row'], $placements);
    }

    /** @return array<string, mixed> */
    private static function row(Placement $placement): array
    {
        return [
            'key' => $placement->getPlatform() . '|' . $placement->getPath(),
            'platform' => $placement->getPlatform(),
            'name' => $placement->getName() !== '' ? $placement->getName() : basename($placement->getPath()),
            'path' => $placement->getPath(),
            'state' => Rows::word(PlacementState::name($placement->getState()), 'PLACEMENT_STATE_'),
            'size' => (int) $placement->getFile()?->getSizeBytes(),
            'reason' => (string) $placement->getError()?->getReason(),
            'message' => (string) $placement->getError()?->getMessage(),
            'since' => Rows::time($placement->getUpdateTime()),
        ];
    }

    private static function stateOf(string $word): int
    {
        return match ($word) {
            'lacking' => PlacementState::PLACEMENT_STATE_LACKING,
            'due' => PlacementState::PLACEMENT_STATE_DUE,
            'placed' => PlacementState::PLACEMENT_STATE_PLACED,
            'refused' => PlacementState::PLACEMENT_STATE_REFUSED,
            default => PlacementState::PLACEMENT_STATE_UNSPECIFIED,
        };
    }
}
