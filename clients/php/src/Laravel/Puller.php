<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Closure;
use Cognate\Client\Exception\FailedPrecondition;
use Cognate\Client\Exception\Unavailable;
use Cognate\Laravel\Files\IncomingFiles;

/** Fetches deliveries, has them written, and says what became of them. */
final class Puller
{
    /** Why a hub that is well gives nothing out. */
    public const OBSTACLES = ['LANE_NOT_READY', 'PLATFORM_LOCKED', 'PLATFORM_IS_NO_AGENT'];

    /** Why nothing is given out right now; empty where nothing is the matter. */
    public string $obstacle = '';

    public function __construct(private readonly Hub $hub, private readonly Applier $applier, private readonly Reporter $reporter, private readonly IncomingFiles $files, private readonly Options $options)
    {
    }

    /**
     * @param float $wait seconds for the first delivery
     * @param (Closure(): bool)|null $mayGoOn asked before each transaction
     * @return int how many were written or refused
     */
    public function pull(float $wait, ?Closure $mayGoOn = null): int
    {
        $this->obstacle = '';
        try {
            $pulled = $this->hub->pull($this->options->pull, $wait, $this->options->leaseSeconds);
        } catch (FailedPrecondition | Unavailable $error) {
            // Nothing leads here yet, or it is locked: what is to be sent goes on.
            if (!in_array($error->reason, self::OBSTACLES, true)) {
                throw $error;
            }
            $this->obstacle = $error->getMessage();
            return 0;
        }
        $deliveries = iterator_to_array($pulled->getDeliveries(), false);
        if ($deliveries === []) {
            return 0;
        }
        $this->files->prepare($deliveries, $mayGoOn ?? static fn (): bool => true);
        $results = $this->applier->apply($deliveries, $mayGoOn);
        if ($results === []) {
            return 0;
        }
        // Killed here, the next worker reports what was written; the others come again.
        $this->reporter->report($pulled->getLease(), $results);
        return count($results);
    }
}
