<?php

declare(strict_types=1);

namespace Cognate\Filament\Data;

use Cognate\V1\GroupTroublesRequest;
use Cognate\V1\ListTroublesRequest;
use Cognate\V1\Operation;
use Cognate\V1\RecordKey;
use Cognate\V1\ReplicaState;
use Cognate\V1\Trouble;
use Cognate\V1\TroubleFilter;
use Illuminate\Pagination\LengthAwarePaginator;

/** Deliveries that did not go through: those that pass by themselves, can be released or wait for a person, and the dead ones. */
final class TroubleRows
{
    /** States of the page of deliveries, and of the page of dead letters. */
    public const OPEN = [ReplicaState::REPLICA_STATE_RETRY, ReplicaState::REPLICA_STATE_WAITING, ReplicaState::REPLICA_STATE_HELD, ReplicaState::REPLICA_STATE_CONFLICT];
    public const DEAD = [ReplicaState::REPLICA_STATE_DEAD];

    private const PER_CALL = 1000;

    public function __construct(private readonly Connection $connection)
    {
    }

    /**
     * Oldest first within each state. Rows that are only leafed through are exact, however many there are; a search or another order
     * looks at the first `Rows::MAX_LOOKED_AT` of them.
     *
     * @param list<int> $states
     */
    public function page(array $states, TableQuery $query): LengthAwarePaginator
    {
        $wanted = $query->filter('state');
        $states = array_values(array_filter($states, static fn (int $state): bool => $wanted === '' || self::state($state) === $wanted));
        if (!$query->isPlain()) {
            $rows = $this->slice($states, $query, 0, Rows::MAX_LOOKED_AT);
            return Rows::page($rows, $query, ['record', 'target', 'reason', 'message', 'identity']);
        }
        return Rows::cut($this->slice($states, $query, $query->offset(), $query->perPage), $this->count($states, $query), $query);
    }

    /** @param list<int> $states */
    public function count(array $states, ?TableQuery $query = null): int
    {
        $count = 0;
        foreach ($states as $state) {
            $request = (new GroupTroublesRequest())->setFilter(self::filter($state, $query ?? new TableQuery()));
            $count += (int) $this->connection->client()->feedback()->groupTroubles($request)->getTotalCount();
        }
        return $count;
    }

    /**
     * @param list<int> $states
     * @return list<array<string, mixed>>
     */
    private function slice(array $states, TableQuery $query, int $skip, int $take): array
    {
        $rows = [];
        foreach ($states as $state) {
            $token = '';
            do {
                // While it is skipped nothing is read out, so that the last pages of many rows do not take long.
                $size = min(self::PER_CALL, $skip > 0 ? $skip : $take - count($rows));
                $request = (new ListTroublesRequest())->setFilter(self::filter($state, $query))->setPageSize($size)->setPageToken($token);
                $answer = $this->connection->client()->feedback()->listTroubles($request);
                $token = $answer->getNextPageToken();
                if ($skip > 0) {
                    $skip -= count($answer->getTroubles());
                    continue;
                }
                foreach ($answer->getTroubles() as $trouble) {
                    $rows[] = self::row($trouble);
                }
            } while ($token !== '' && count($rows) < $take);
            if (count($rows) >= $take) {
                break;
            }
        }
        return $rows;
    }

    private static function filter(int $state, TableQuery $query): TroubleFilter
    {
        $sync = $query->filter('sync');
        return (new TroubleFilter())->setState($state)->setPlatform($query->filter('platform'))->setReason($query->filter('reason'))
            ->setSync($sync === '' ? '' : "syncs/$sync");
    }

    /** @return array<string, mixed> */
    private static function row(Trouble $trouble): array
    {
        $target = $trouble->getTarget();
        $source = $trouble->getSource();
        return [
            'key' => $trouble->getEntityId() . '|' . $target?->getPlatform() . '|' . $target?->getModel(),
            'entity' => $trouble->getEntityId(),
            'record' => self::shown($source),
            'source_platform' => (string) $source?->getPlatform(),
            'source_model' => (string) $source?->getModel(),
            'source_id' => (string) $source?->getLocalId(),
            'target' => self::shown($target),
            'platform' => (string) $target?->getPlatform(),
            'model' => (string) $target?->getModel(),
            'operation' => Rows::word(Operation::name($trouble->getOperation()), 'OPERATION_'),
            'state' => self::state($trouble->getState()),
            'reason' => (string) $trouble->getError()?->getReason(),
            'message' => (string) $trouble->getError()?->getMessage(),
            'field' => (string) $trouble->getError()?->getField(),
            'attempts' => $trouble->getAttemptCount(),
            'next_attempt_at' => Rows::time($trouble->getNextAttemptTime()),
            'waits_for' => $trouble->getWaitsFor() === null ? '' : self::shown($trouble->getWaitsFor()),
            'identity' => $trouble->getActingIdentity(),
            'since' => Rows::time($trouble->getCreateTime()),
        ];
    }

    private static function state(int $state): string
    {
        return Rows::word(ReplicaState::name($state), 'REPLICA_STATE_');
    }

    private static function shown(?RecordKey $key): string
    {
        return $key === null ? '' : rtrim("{$key->getPlatform()}: {$key->getModel()} {$key->getLocalId()}");
    }
}
