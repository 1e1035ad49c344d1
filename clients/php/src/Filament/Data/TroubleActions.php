<?php

declare(strict_types=1);

namespace Cognate\Filament\Data;

use Cognate\V1\DiscardTroublesRequest;
use Cognate\V1\GetTroubleRequest;
use Cognate\V1\RecordKey;
use Cognate\V1\RedriveRequest;
use Cognate\V1\ReplicaState;
use Cognate\V1\RetryHeldRequest;
use Cognate\V1\TroubleFilter;

/** What people do with deliveries that did not go through. */
final class TroubleActions
{
    public function __construct(private readonly Connection $connection, private readonly Access $access)
    {
    }

    /**
     * Sends the record as it is now once more.
     *
     * @param array<string, mixed> $row
     * @return int how many are on their way
     */
    public function retry(array $row): int
    {
        $this->access->requireManage();
        return (int) $this->connection->client()->feedback()->redrive((new RedriveRequest())->setFilter(self::filterOf($row)))->getRedrivenCount();
    }

    /** The same with all that are dead, by the target and the reason where these are said. */
    public function retryDead(string $platform = '', string $reason = ''): int
    {
        $this->access->requireManage();
        $filter = (new TroubleFilter())->setState(ReplicaState::REPLICA_STATE_DEAD)->setPlatform($platform)->setReason($reason);
        return (int) $this->connection->client()->feedback()->redrive((new RedriveRequest())->setFilter($filter))->getRedrivenCount();
    }

    /** Sends what is held in somebody's name, after the login was mended. */
    public function retryHeld(string $identity, string $platform = ''): int
    {
        $this->access->requireManage();
        $request = (new RetryHeldRequest())->setActingIdentity($identity)->setPlatform($platform);
        return (int) $this->connection->client()->feedback()->retryHeld($request)->getReplayedCount();
    }

    /**
     * Gives up: the target's record stays as it is.
     *
     * @param array<string, mixed> $row
     */
    public function discard(array $row): int
    {
        $this->access->requireManage();
        $request = (new DiscardTroublesRequest())->setFilter(self::filterOf($row))->setForce(true);
        return (int) $this->connection->client()->feedback()->discardTroubles($request)->getDiscardedCount();
    }

    /**
     * What is known of it, step by step.
     *
     * @param array<string, mixed> $row
     * @return list<string>
     */
    public function explain(array $row): array
    {
        $request = (new GetTroubleRequest())->setEntityId((string) $row['entity'])->setPlatform((string) $row['platform'])->setModel((string) $row['model']);
        $sentences = [];
        foreach ($this->connection->client()->feedback()->getTrouble($request)->getSteps() as $step) {
            $sentences[] = $step->getSentence();
        }
        return $sentences;
    }

    /** @param array<string, mixed> $row */
    private static function filterOf(array $row): TroubleFilter
    {
        $source = (new RecordKey())->setPlatform((string) $row['source_platform'])->setModel((string) $row['source_model'])->setLocalId((string) $row['source_id']);
        if ($source->getLocalId() === '') {
            // Without it the filter would mean every record of the model.
            throw new \InvalidArgumentException('the delivery says no source record: send it again with the command line');
        }
        return (new TroubleFilter())->setPlatform((string) $row['platform'])->setTargetModel((string) $row['model'])
            ->setState(ReplicaState::value('REPLICA_STATE_' . strtoupper((string) $row['state'])))->setSource($source);
    }
}
