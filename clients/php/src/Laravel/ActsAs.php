<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Closure;

/** Writes deliveries in somebody's name: logs the identity in, or throws Exceptions\DeliveryUnauthenticated. */
interface ActsAs
{
    /**
     * @template T
     * @param Closure(): T $write
     * @return T
     */
    public function as(string $identity, Closure $write): mixed;
}
