<?php

declare(strict_types=1);

namespace Cognate\Laravel\Events;

/** What could not be taken is tried again. */
final class PendingRetried extends HubEvent
{
}
