<?php

declare(strict_types=1);

namespace Cognate\Laravel\Events;

/** A platform has taken a change of here. */
final class RecordUpdated extends HubEvent
{
}
