<?php

declare(strict_types=1);

namespace Cognate\Laravel\Events;

/** A platform does not take a record of here, for good. */
final class PendingFailed extends HubEvent
{
}
