<?php

declare(strict_types=1);

namespace Cognate\Laravel\Events;

/** A platform cannot take a record of here now: nobody is logged in there for it, it is locked, or it waits for another one. */
final class PendingCaptured extends HubEvent
{
}
