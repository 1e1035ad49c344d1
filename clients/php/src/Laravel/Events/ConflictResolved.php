<?php

declare(strict_types=1);

namespace Cognate\Laravel\Events;

/** Somebody has decided a conflict. */
final class ConflictResolved extends HubEvent
{
}
